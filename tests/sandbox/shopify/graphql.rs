//! GraphQL over the published schema: parsing, validation and execution are `apollo-compiler`'s; objects are the JSON
//! trees of [`super::view`].

use super::Shopify;
use super::catalog::Variant;
use super::documents::Documents;
use super::order::gid_number;
use super::{mutations, page, queries, view};
use anyhow::{Context as _, bail};
use apollo_compiler::executable::{OperationType, Selection};
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::{ExtendedType, Type};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Our own words for the part of the schema that is served; used where the published one is not at hand.
const SUBSET: &str = concat!(
    include_str!("subset.graphql"),
    include_str!("subset_parcels.graphql"),
    include_str!("subset_changes.graphql")
);

/// A validated schema for the life of the process.
pub type SharedSchema = Arc<Valid<Schema>>;

/// Parsed once per file and process: parsing takes a noticeable part of a second.
static PARSED: Mutex<BTreeMap<PathBuf, SharedSchema>> = Mutex::new(BTreeMap::new());

/// The schema from `<specs>/shopify_admin_<version>.graphql.gz`, or the subset where that file is absent.
pub fn schema(specs: Option<&Path>, version: &str) -> anyhow::Result<SharedSchema> {
    let published =
        specs.map(|specs| specs.join(format!("shopify_admin_{version}.graphql.gz"))).filter(|path| path.exists());
    let key = published.clone().unwrap_or_default();
    let mut parsed = crate::lock(&PARSED);
    if let Some(schema) = parsed.get(&key) {
        return Ok(schema.clone());
    }
    let text = match &published {
        Some(path) => {
            let mut text = String::new();
            let file = std::fs::File::open(path).with_context(|| format!("failed to read {}", path.display()))?;
            flate2::read::GzDecoder::new(file)
                .read_to_string(&mut text)
                .with_context(|| format!("failed to unpack {}", path.display()))?;
            text
        }
        None => {
            eprintln!(
                "sandbox: no published Shopify schema for {version} at hand, serving a hand-written subset of it"
            );
            SUBSET.to_owned()
        }
    };
    let schema = Arc::new(parse_schema(&text)?);
    parsed.insert(key, schema.clone());
    Ok(schema)
}

/// Parses the hand-written subset, for the test that compares it with the published schema.
pub fn subset() -> anyhow::Result<Valid<Schema>> {
    parse_schema(SUBSET)
}

fn parse_schema(text: &str) -> anyhow::Result<Valid<Schema>> {
    // The published file uses @oneOf; some copies leave its definition out.
    let one_of = "directive @oneOf on INPUT_OBJECT\n";
    let text = if text.contains("directive @oneOf") { text.to_owned() } else { format!("{one_of}{text}") };
    match Schema::parse_and_validate(text, "admin.graphql") {
        Ok(schema) => Ok(schema),
        Err(errors) => bail!("the GraphQL schema is not valid: {}", errors.errors),
    }
}

/// A request whose document is valid.
pub struct Request {
    pub document: Arc<Valid<ExecutableDocument>>,
    pub operation_name: Option<String>,
    pub variables: JsonMap,
    /// Fields of the root, which is what faults are armed for.
    pub root_fields: Vec<String>,
    pub is_mutation: bool,
    /// The body, for the list of unexpected requests.
    pub summary: String,
}

/// Reads `{"query", "variables"?, "operationName"?}` and validates it. An error is GraphQL's `errors`.
pub fn prepare(schema: &Valid<Schema>, documents: &Documents, body: &[u8]) -> Result<Request, Vec<Value>> {
    let error = |message: String| vec![json!({"message": message})];
    let value: Value = serde_json::from_slice(body).map_err(|why| error(format!("the body is not JSON: {why}")))?;
    let query =
        value.get("query").and_then(Value::as_str).ok_or_else(|| error("No query string was present".to_owned()))?;
    let operation_name = value.get("operationName").and_then(Value::as_str).map(str::to_owned);
    let variables = match value.get("variables") {
        None | Some(Value::Null) => JsonMap::new(),
        Some(variables @ Value::Object(_)) => serde_json::from_value(variables.clone())
            .map_err(|why| error(format!("the variables cannot be read: {why}")))?,
        Some(_) => return Err(error("variables is not an object".to_owned())),
    };
    let document = documents.read(schema, query)?;
    let operation =
        document.operations.get(operation_name.as_deref()).map_err(|why| error(format!("{}", why.message())))?;
    let root_fields = operation
        .selection_set
        .selections
        .iter()
        .filter_map(|selection| match selection {
            Selection::Field(field) => Some(field.name.to_string()),
            _ => None,
        })
        .collect();
    let is_mutation = operation.operation_type == OperationType::Mutation;
    let summary = value.to_string();
    Ok(Request { operation_name, variables, root_fields, is_mutation, summary, document })
}

/// A field error of ours, `{"message"}` in the response.
pub fn field_error(message: impl Into<String>) -> FieldError {
    FieldError { message: message.into() }
}

/// One execution: what resolvers reach.
pub struct World {
    pub shopify: Shopify,
    pub summary: String,
    /// An armed `refuse`: mutations answer with a user error and change nothing, queries are denied.
    pub refuse: bool,
}

impl World {
    /// Something the real provider would not have accepted, or that the sandbox does not play.
    pub fn unexpected(&self, operation: &str, reason: &str) -> FieldError {
        self.shopify.ctx.unexpected.record("shopify", operation, reason, &self.summary);
        field_error(reason)
    }

    /// An object by gid, null where there is none.
    pub fn lookup(&self, gid: &str) -> Option<Value> {
        self.lookup_in(gid, None)
    }

    /// The same for what is known to be `within` that order.
    fn lookup_in(&self, gid: &str, within: Option<u64>) -> Option<Value> {
        let store = crate::lock(&self.shopify.store);
        if let Some(order) = within.and_then(|order| store.orders.get(&order)) {
            return view::lookup(order, gid);
        }
        if let Some(number) = gid_number(gid, "ProductVariant") {
            return store.variants().get(&number).map(Variant::graphql);
        }
        if let Some(number) = gid_number(gid, "Customer") {
            return store.customer_view(number);
        }
        let Some(number) = gid_number(gid, "Order") else {
            return store.orders.values().find_map(|order| view::lookup(order, gid));
        };
        let by_alias = || store.orders.values().find(|order| order.alias == Some(number));
        let order = store.orders.get(&number).or_else(by_alias)?;
        let others = order.customer().and_then(|customer| store.orders_of.get(&customer)).copied().unwrap_or_default();
        Some(view::order(order, number, &self.shopify.ctx.config.shopify.shop, others))
    }
}

/// Runs a prepared request. The answer holds `data` and, where something went wrong, `errors`.
pub fn execute(shopify: &Shopify, request: &Request, refuse: bool) -> Map<String, Value> {
    let world = Arc::new(World { shopify: shopify.clone(), summary: request.summary.clone(), refuse });
    let root = Root { world, is_mutation: request.is_mutation };
    let run = Execution::new(&shopify.schema, &request.document)
        .raw_variable_values(&request.variables)
        .operation_name(request.operation_name.as_deref())
        .and_then(|execution| execution.execute_sync(&root));
    let mut answer = Map::new();
    match run {
        Ok(response) => {
            answer.insert("data".to_owned(), serde_json::to_value(&response.data).unwrap_or_default());
            let errors: Vec<Value> =
                response.errors.iter().map(|error| worded(serde_json::to_value(error).unwrap_or_default())).collect();
            if !errors.is_empty() {
                answer.insert("errors".to_owned(), Value::Array(errors));
            }
        }
        Err(refused) => {
            let error = serde_json::to_value(refused.to_graphql_error(&request.document.sources)).unwrap_or_default();
            shopify.ctx.unexpected.record(
                "shopify",
                &request.root_fields.join(" "),
                error["message"].to_string(),
                &request.summary,
            );
            let mut error = error;
            error["extensions"] = json!({"code": "INVALID_VARIABLE"});
            answer.insert("errors".to_owned(), json!([error]));
        }
    }
    answer
}

/// Takes the library's own prefix off a field error, and gives a denied one Shopify's code.
fn worded(mut error: Value) -> Value {
    let message = error["message"].as_str().unwrap_or_default();
    let message = message.strip_prefix("resolver error: ").unwrap_or(message).to_owned();
    if message.starts_with("Access denied") {
        error["extensions"] = json!({"code": "ACCESS_DENIED"});
    }
    error["message"] = json!(message);
    error
}

/// `QueryRoot` or `Mutation`.
struct Root {
    world: Arc<World>,
    is_mutation: bool,
}

impl ObjectValue for Root {
    fn type_name(&self) -> &str {
        if self.is_mutation { "Mutation" } else { "QueryRoot" }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let arguments = serde_json::to_value(info.arguments()).unwrap_or_default();
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let value = if self.is_mutation {
            mutations::run(&self.world, info.field_name(), &arguments)?
        } else {
            queries::run(&self.world, info.field_name(), &arguments)?
        };
        resolved(&self.world, value, &info.field_definition().ty, info, self.type_name())
    }
}

/// Any other object.
struct Node {
    world: Arc<World>,
    type_name: String,
    fields: Map<String, Value>,
}

impl ObjectValue for Node {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let name = info.field_name();
        let value = match (self.fields.get(name), name) {
            (Some(value), _) => value.clone(),
            (None, "metafield") => self.metafield(info),
            (None, _) => {
                let reason = format!("the sandbox does not play {}.{name}", self.type_name);
                return Err(self.world.unexpected(&self.type_name, &reason));
            }
        };
        resolved(&self.world, value, &info.field_definition().ty, info, &self.type_name)
    }
}

impl Node {
    /// `metafield(namespace, key)` among the node's `metafields`.
    fn metafield(&self, info: &ResolveInfo<'_>) -> Value {
        let argument = |name: &str| info.arguments().get(name).and_then(|value| value.as_str());
        let fields = self.fields.get("metafields").and_then(Value::as_array).into_iter().flatten();
        let namespace = argument("namespace").unwrap_or(mutations::OWN_NAMESPACE);
        fields
            .filter(|field| {
                field["namespace"] == namespace && Some(field["key"].as_str().unwrap_or_default()) == argument("key")
            })
            .map(Value::clone)
            .next()
            .unwrap_or(Value::Null)
    }
}

/// Turns a tree's value into what the schema says the field is.
fn resolved<'a>(
    world: &Arc<World>,
    value: Value,
    ty: &Type,
    info: &ResolveInfo<'_>,
    parent: &str,
) -> Result<ResolvedValue<'a>, FieldError> {
    let inner = ty.inner_named_type().as_str();
    match value {
        Value::Array(items) if ty.is_list() => {
            let first = info.arguments().get("first").and_then(|first| first.as_u64());
            let items: Vec<Result<ResolvedValue<'a>, FieldError>> = items
                .into_iter()
                .take(first.and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX))
                .map(|item| single(world, item, inner, info))
                .collect();
            Ok(ResolvedValue::List(Box::new(items.into_iter())))
        }
        Value::Array(items) if inner.ends_with("Connection") => {
            let arguments = serde_json::to_value(info.arguments()).unwrap_or_default();
            let connection = page::connection(items, &arguments)
                .map_err(|why| world.unexpected(&format!("{parent}.{}", info.field_name()), &why))?;
            single(world, connection, inner, info)
        }
        value => single(world, value, inner, info),
    }
}

fn single<'a>(
    world: &Arc<World>,
    value: Value,
    inner: &str,
    info: &ResolveInfo<'_>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let is_object = matches!(
        info.schema().types.get(inner),
        Some(ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_))
    );
    let fields = match value {
        Value::Object(fields) if is_object => fields,
        leaf => {
            let leaf =
                serde_json::from_value(leaf).map_err(|why| field_error(format!("a value cannot be shown: {why}")))?;
            return Ok(ResolvedValue::Leaf(leaf));
        }
    };
    let fields = match fields.get("__ref").and_then(Value::as_str) {
        None => fields,
        Some(gid) => match world.lookup_in(gid, fields.get("__within").and_then(Value::as_u64)) {
            Some(Value::Object(fields)) => fields,
            _ => return Ok(ResolvedValue::null()),
        },
    };
    let type_name = fields.get("__typename").and_then(Value::as_str).unwrap_or(inner).to_owned();
    Ok(ResolvedValue::object(Node { world: world.clone(), type_name, fields }))
}
