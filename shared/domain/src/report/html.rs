//! HTML of what strangers wrote.

/// A page for a phone: no link, nothing that is fetched. `title` is text, `body` is HTML.
#[must_use]
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{0}</title></head>\
         <body style=\"font-family:sans-serif;margin:16px;font-size:16px;line-height:1.4;overflow-wrap:anywhere\">\
         <h1 style=\"font-size:18px\">{0}</h1>{body}</body></html>",
        escaped(title)
    )
}

/// Text that is nothing but text in HTML, in an element and in an attribute
/// ([escaping](https://html.spec.whatwg.org/multipage/parsing.html#escapingString)).
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
