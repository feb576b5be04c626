//! Secrets: SSM SecureString parameters under `/<stack>/`, read once at start-up and never printed.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use secrecy::{ExposeSecret, SecretString};

/// A secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("failed to read the secrets {names} from SSM")]
    Ssm {
        names: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error(
        "the secret {0} is not in SSM: `make up` and `make deploy` put it there from the file that store.toml names"
    )]
    Missing(String),
}

/// The secrets a function was given, by name (`call/shopify/admin-token`).
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    values: BTreeMap<String, SecretString>,
}

/// A burst of webhooks is a burst of cold starts, and all of them read here at once (SSM takes 40 calls a second by default). A
/// process that gives up would only be started again, colder still; one that waits serves the sender's next attempt. Lambda
/// allows ten seconds for a start.
fn patient() -> aws_sdk_ssm::config::Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(Duration::from_secs(9))
        .operation_attempt_timeout(Duration::from_secs(4))
        .connect_timeout(Duration::from_secs(3))
        .build();
    aws_sdk_ssm::config::Builder::new()
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(5))
}

impl Secrets {
    /// Reads the named secrets of the stack; one that is missing is an error naming it.
    pub async fn load<N: AsRef<str>>(
        client: &aws_sdk_ssm::Client,
        stack: &str,
        names: &[N],
    ) -> Result<Self, SecretsError> {
        let prefix = format!("/{stack}/");
        let mut values = BTreeMap::new();
        // SSM takes at most ten names a call.
        for names in names.chunks(10) {
            let paths = names.iter().map(|name| format!("{prefix}{}", name.as_ref())).collect();
            let request = client.get_parameters().with_decryption(true).set_names(Some(paths));
            // Boxed: every function's `main` holds this call, and the SDK's nesting alone is near the compiler's depth limit.
            let answer = Box::pin(request.customize().config_override(patient()).send());
            let answer = answer.await.map_err(|source| {
                let names = names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
                SecretsError::Ssm { names, source: Box::new(source) }
            })?;
            values.extend(answer.parameters.unwrap_or_default().into_iter().filter_map(|parameter| {
                let name = parameter.name?.strip_prefix(&prefix)?.to_owned();
                Some((name, SecretString::from(parameter.value?)))
            }));
        }
        let secrets = Self { values };
        for name in names {
            secrets.get(name.as_ref())?;
        }
        Ok(secrets)
    }

    /// Secrets given by hand, for tests.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { values: pairs.into_iter().map(|(name, value)| (name.to_owned(), SecretString::from(value))).collect() }
    }

    /// One secret, without white space around it.
    pub fn get(&self, name: &str) -> Result<SecretString, SecretsError> {
        let value = self.values.get(name).ok_or_else(|| SecretsError::Missing(name.to_owned()))?;
        Ok(SecretString::from(value.expose_secret().trim()))
    }

    /// A secret that may be several lines: during a rotation the new one and the old one both count.
    pub fn all(&self, name: &str) -> Result<Vec<SecretString>, SecretsError> {
        let value = self.get(name)?;
        let lines = value.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(lines.map(SecretString::from).collect())
    }
}
