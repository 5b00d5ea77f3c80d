//! The page with the form, filled in as `reporter.tf` does it, so that a browser's tests need no Terraform. That both
//! give the same is a test of its own.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What `report_form` says, and where the form goes.
pub(super) struct Page<'a> {
    pub(super) language: &'a str,
    pub(super) title: Option<&'a str>,
    pub(super) service: &'a str,
    pub(super) action: &'a str,
}

/// The module that the page belongs to.
pub(super) fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/modules/signalbox")
}

pub(super) fn rendered(page: &Page<'_>) -> String {
    let read = |name: &str| fs::read_to_string(module().join("report-form").join(name)).unwrap();
    let source = read("index.html");
    let texts: Map<String, Value> = serde_json::from_str(&read(&format!("{}.json", page.language))).unwrap();
    let text = |name: &str| texts.get(name).and_then(Value::as_str);
    let value = |name: &str| match name {
        "style_hash" => hash(between(&source, "<style>", "</style>")),
        "script_hash" => hash(between(&source, "<script>", "</script>")),
        "said" => for_json(&Value::from(texts.clone()).to_string()),
        "language" => for_html(page.language),
        "service" => for_html(page.service),
        "action" => for_html(page.action),
        "title" => for_html(page.title.or(text("title")).unwrap()),
        name => for_html(text(name).unwrap_or_else(|| panic!("nothing is named {name}"))),
    };
    let mut parts = source.split("${");
    let mut html = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap();
        html += &value(name);
        html += rest;
    }
    html
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    text.split_once(begin).unwrap().1.split_once(end).unwrap().0
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

fn for_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As `jsonencode` escapes.
fn for_json(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}
