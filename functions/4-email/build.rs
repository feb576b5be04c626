//! Compiles the mails' layout: `templates/*.mjml` into HTML for every mail client, as sources of askama templates.
//!
//! MJML is what layouts are written in; what a mail client needs of it (nested tables, Outlook's conditional comments) is the work of
//! mrml, here and not in the function. Askama's own tags pass through it, and askama checks and compiles them like any other template:
//! a name that is wrong stops the build, every value is escaped, and nothing is parsed when a mail is written.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use mrml::prelude::render::RenderOptions;

const FOLDER: &str = "templates";
/// A layout, and the struct of it.
const LAYOUTS: [(&str, &str); 2] = [
    ("transactional.mjml", "struct Transactional<'a> { mail: &'a Content, brand: &'a Brand, foot: &'a Foot }"),
    (
        "marketing.mjml",
        "struct Marketing<'a> { mail: &'a Content, brand: &'a Brand, foot: &'a Foot, way_out: &'a WayOut }",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let parts: HashMap<String, String> = fs::read_dir(FOLDER)?
        .map(|entry| {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, without_comments(&fs::read_to_string(&path)?)))
        })
        .collect::<Result<_, std::io::Error>>()?;
    let mut code = String::new();
    for (name, layout) in LAYOUTS {
        let html = compiled(name, &parts)?;
        writeln!(code, "#[derive(askama::Template)]\n#[template(ext = \"html\", source = {html:?})]\n{layout}\n")?;
    }
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("layouts.rs"), code)?;
    Ok(())
}

/// One layout as HTML. What mrml does not understand is a mistake, and so is anything that a mail would fetch.
fn compiled(name: &str, parts: &HashMap<String, String>) -> Result<String, Box<dyn Error>> {
    let source = parts.get(name).ok_or_else(|| format!("{FOLDER}/{name} is not there"))?;
    let source = with_parts(source, parts)?;
    let mail = mrml::parse(source).map_err(|error| format!("{FOLDER}/{name}: {error}"))?;
    if let Some(warning) = mail.warnings.first() {
        return Err(format!("{FOLDER}/{name}: {warning:?}").into());
    }
    // MJML links a web font wherever its name is used: none is known here, so none is linked.
    let render = RenderOptions { fonts: HashMap::new(), ..RenderOptions::default() };
    let html = mail.element.render(&render).map_err(|error| format!("{FOLDER}/{name}: {error}"))?;
    match ["<link", "@import", "<script", "url("].iter().find(|fetched| html.contains(**fetched)) {
        Some(fetched) => Err(format!("{FOLDER}/{name}: the mail would fetch something ({fetched})").into()),
        None => Ok(html),
    }
}

/// Puts the parts in. mrml has includes of its own, but a section that comes in by one loses the width of the mail.
fn with_parts(source: &str, parts: &HashMap<String, String>) -> Result<String, String> {
    const INCLUDE: &str = "<mj-include path=\"";
    let mut whole = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once(INCLUDE) {
        let (name, after) = after.split_once("\" />").ok_or("an mj-include is written <mj-include path=\"…\" />")?;
        whole.push_str(before);
        whole.push_str(parts.get(name).ok_or_else(|| format!("{FOLDER}/{name} is included and not there"))?);
        rest = after;
    }
    Ok(whole + rest)
}

/// Comments are for whoever edits a layout, not for customers.
fn without_comments(source: &str) -> String {
    let mut kept = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    kept + rest.trim_start()
}
