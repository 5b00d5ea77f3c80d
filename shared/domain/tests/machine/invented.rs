//! Invented reports, hostile and full of secrets, and what must hold for each whatever is in it. The tests and the
//! example `fuzz_reports` share it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::report::{
    Context, Decision, Delivery, Desk, Document, Entry, Known, Received, Rules, Saved, Sink, decide, redact,
};
use signalbox_domain::slot::Slot;

/// Numbers as by chance: SplitMix64.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn text(&mut self, of: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(self.of(of))).collect()
    }
}

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What hostile and careless people write between secrets.
const FRAGMENTS: &[&str] = &[
    "the upload fails",
    "Ünïcödé 漢字 👍",
    "\r\n",
    "\n",
    " ",
    "\t",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "<!channel>",
    "@channel @here",
    "<@U123>",
    "&amp;",
    "</div></body>",
    "\"'`",
    "{\"a\":1}",
    "Bcc: eve@example.com",
    "\u{0}\u{1b}[31m",
    "\u{202e}\u{200b}\u{feff}",
    "https://example.com:8080/a?b=c#d",
    "=:=",
    "::",
    "%",
    "%3D%00%ff",
    "[redacted: AWS key]",
    "[redacted: ",
    "-----BEGIN",
    "-----END",
    "PRIVATE KEY",
    "password",
    "token:",
    "authorization:",
    "bearer ",
    "://",
    "@",
    "eyJ",
    "AKIA",
    "ghp_",
    "--",
    "\\",
    "at main.rs:41:7",
    "<>",
    "](",
    "line 12",
    "e\u{301}",
    "\u{85}\u{2028}",
    "====",
    "502 bad gateway",
    "data loss",
];

/// A report as it may come.
pub(crate) struct Invented {
    pub(crate) body: Vec<u8>,
    pub(crate) is_form: bool,
    /// What must not be seen anywhere, of at least 12 characters each.
    pub(crate) secrets: Vec<String>,
}

impl Invented {
    pub(crate) fn by(chance: &mut Chance) -> Invented {
        let mut secrets = Vec::new();
        let kind = chance.of(&["bug", "Bug", "FEATURE", "feedback", "bug", "bug\r\n", "nothing", ""]);
        let email = match chance.below(8) {
            0 => text(chance, &mut secrets),
            _ => format!("a{}@example.com", chance.below(50)),
        };
        let mut fields = vec![("type", kind.to_owned()), ("email", email)];
        for name in ["message", "name", "page", "user_agent", "timestamp", "service"] {
            if name == "message" || chance.below(3) == 0 {
                fields.push((name, text(chance, &mut secrets)));
            }
        }
        let is_form = chance.below(2) == 0;
        let body = if is_form { form(chance, &fields) } else { json(&fields) };
        let mut body = body.into_bytes();
        if chance.below(16) == 0 {
            let at = chance.below(body.len());
            body[at] = (chance.next() & 0xff) as u8;
            // A sign that made it a secret may be gone.
            secrets.clear();
        }
        Invented { body, is_form, secrets }
    }
}

fn json(fields: &[(&str, String)]) -> String {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into()));
    serde_json::Value::Object(fields.collect()).to_string()
}

fn form(chance: &mut Chance, fields: &[(&str, String)]) -> String {
    let mut body = String::new();
    for (name, text) in fields {
        body.push_str(if body.is_empty() { "" } else { "&" });
        let _ = write!(body, "{name}=");
        for byte in text.bytes() {
            match byte {
                b' ' if chance.below(2) == 0 => body.push('+'),
                byte if byte.is_ascii_alphanumeric() => body.push(char::from(byte)),
                byte => drop(write!(body, "%{byte:02x}")),
            }
        }
    }
    body
}

fn text(chance: &mut Chance, secrets: &mut Vec<String>) -> String {
    let mut text = String::new();
    for _ in 0..chance.below(8) {
        match chance.below(8) {
            0..=2 => secret(chance, &mut text, secrets),
            3 => text.extend(char::from_u32((chance.next() % 0x11_0000) as u32)),
            4 if chance.below(200) == 0 => {
                text.push_str(&chance.of(&["a", "<", "👍", "@", "=", ":", "-"]).repeat(5_100))
            }
            _ => text.push_str(chance.of(FRAGMENTS)),
        }
    }
    text
}

/// Appends a secret of one of the classes, as it is or in disguise, and notes what must not be seen of it.
fn secret(chance: &mut Chance, text: &mut String, secrets: &mut Vec<String>) {
    let value = chance.text(ALNUM, 24);
    match chance.below(12) {
        0 => {
            let key = format!("{}{}", chance.of(&["AKIA", "ASIA"]), chance.text(UPPER, 16));
            text.push_str(&hidden(chance, &key));
            secrets.push(key);
        }
        1 => {
            // By chance a run may be without a digit, and is none then.
            let key: String = (0..10)
                .map(|_| {
                    chance.text(b"ABCXYZ", 1)
                        + &chance.text(b"mnop", 1)
                        + &chance.text(b"123789", 1)
                        + &chance.text(BASE64, 1)
                })
                .collect();
            let _ = write!(text, " {} ", hidden(chance, &key));
            secrets.push(key);
        }
        2 => {
            let token = chance.of(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xoxb-1-", "sk_live_"]);
            let _ = write!(text, "{}", hidden(chance, &format!("{token}{value}")));
            secrets.push(value);
        }
        3 => {
            let _ = write!(text, " Bearer{}{value}", chance.of(&[" ", "\n", "\t ", "%20"]));
            secrets.push(value);
        }
        4 => {
            let _ = write!(text, "eyJ{}.eyJ{value}.{}", chance.text(ALNUM, 20), chance.text(ALNUM, 24));
            secrets.push(value);
        }
        5 => pem(chance, text, secrets),
        6 => {
            let (colon, at, slashes) =
                chance.of(&[(":", "@", "://"), ("%3A", "%40", "%3A%2F%2F"), ("%3a", "@", "://")]);
            let _ = write!(text, "postgres{slashes}ada{colon}{value}{at}db.example.com/x ");
            secrets.push(value);
        }
        7 => {
            let key = chance.of(&[
                "password",
                "DB_PASSWD",
                "api-key",
                "apiKey",
                "client_secret",
                "X-Auth-Token",
                "pwd",
                "access_key",
            ]);
            let sign = chance.of(&["=", ":", ": ", " = ", "%3D", "%253d", "=>", ":\u{200b}", " := "]);
            let _ = write!(text, " {key}{sign}{value}&x=1 ");
            secrets.push(value);
        }
        8 => {
            let (open, middle, close) = chance.of(&[
                ("\"", "\": \"", "\""),
                ("'", "' => '", "'"),
                ("\\\"", "\\\":\\\"", "\\\""),
                ("%22", "%22%3A%22", "%22"),
            ]);
            let _ = write!(text, " {open}Secret{middle}two words {value}{close}, ");
            // Two words behind an encoded quote are one value only up to that quote.
            secrets.push(value);
        }
        9 => {
            let _ = write!(text, "\nAuthorization: {} {value}\n", chance.of(&["Basic", "token", "Digest a=b,"]));
            secrets.push(value);
        }
        10 => {
            let _ = write!(text, " https://hooks.slack.com/services/T0/B0/{value} ");
            secrets.push(value);
        }
        _ => {
            let _ = write!(text, " --{} {value} ", chance.of(&["password", "api-key", "token"]));
            secrets.push(value);
        }
    }
}

fn pem(chance: &mut Chance, text: &mut String, secrets: &mut Vec<String>) {
    let lines: Vec<String> = (0..3).map(|_| chance.text(BASE64, 64)).collect();
    let end = chance.of(&["\n", "\r\n", "\\n", " ", "\n \n"]);
    let begin = chance.of(&[
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN RSA PRI\nVATE KEY-----",
        "--BEGIN OPENSSH PRIVATE KEY--",
    ]);
    let _ = write!(text, "{begin}{end}{}", lines.join(end));
    match chance.below(3) {
        0 => {}
        1 => drop(write!(text, "{end}-----END RSA PRIVATE KEY-----")),
        _ => drop(write!(text, "{end}-----END RSA PRI")),
    }
    secrets.extend(lines);
}

/// Sometimes with characters in it that nobody sees.
fn hidden(chance: &mut Chance, key: &str) -> String {
    let between = chance.of(&["", "", "\u{200b}", "\u{feff}", "\u{0}", "\u{ad}"]);
    let at = chance.below(key.len());
    format!("{}{between}{}", &key[..at], &key[at..])
}

/// What is remembered from one report to the next.
#[derive(Default)]
pub(crate) struct Office {
    desk: Option<Desk>,
}

/// Lets the report go all the way.
///
/// # Errors
/// What does not hold that must.
pub(crate) fn check(invented: &Invented, office: &mut Office, now: Timestamp) -> Result<(), String> {
    let text = String::from_utf8_lossy(&invented.body);
    // What costs much and differs little from one report to the next is tried with every fourth.
    let is_fourth = now.as_second() % 4 == 0;
    if is_fourth {
        let once = redact(&text);
        hold(redact(&once) == once, "redaction is idempotent", &text)?;
    }
    let document = if invented.is_form { Document::from_form(&invented.body) } else { Document::from_json(&text) };
    let report = match document.and_then(|document| document.report()) {
        Ok(report) => report,
        Err(mistake) => return see(&mistake.to_string(), &invented.secrets),
    };
    let received = Received { id: format!("{now}"), report };
    let context = Context {
        service: Some("shop".parse().map_err(|error| format!("{error}"))?),
        live: Some(Slot::Green),
        release: Some("v<43>&".parse().map_err(|error| format!("{error}"))?),
        flipped_at: Some(now - SignedDuration::from_mins(5)),
        flip_began: None,
        alarms: vec!["<b>5xx</b> @here".parse().map_err(|error| format!("{error}"))?],
        operation: Some("deployment of <v43>".to_owned()),
        alerts_topic: None,
    };
    let rules = Rules { per_address_an_hour: 1_000, overall_an_hour: 20, after_flip_reports: 2, ..Rules::default() };
    let first = run(&received, Known { desk: office.desk.as_ref(), ..Known::default() }, &context, &rules, now)?;
    see(&seen(&first)?, &invented.secrets).map_err(|secret| format!("{secret}\nin {text:?}"))?;
    let Saved::All { entry, thread, desk } = &first.saved else { return Err("nothing is saved".to_owned()) };
    office.desk = Some(desk.tried(&desk.pending, &desk.pending.iter().cloned().collect(), &BTreeSet::new()));
    if !is_fourth {
        return Ok(());
    }
    let json = serde_json::to_string(entry).map_err(|error| error.to_string())?;
    let read: Entry = serde_json::from_str(&json).map_err(|error| format!("{error}: {json}"))?;
    hold(read == **entry, "what is saved is read as it was", &json)?;
    let known = Known { entry: None, thread: Some(thread), desk: Some(desk) };
    let again = Received { id: "again".to_owned(), report: received.report.clone() };
    let second = run(&again, known, &context, &rules, now)?;
    let third = decide(&received, Known { entry: Some(entry), ..known }, &context, &rules, now);
    hold(third.deliveries.is_empty(), "what is being sent is not sent again", &text)?;

    see(&seen(&second)?, &invented.secrets).map_err(|secret| format!("{secret}\nin {text:?}"))?;
    let Saved::All { desk, .. } = second.saved else { return Err("nothing is saved".to_owned()) };
    office.desk = Some(*desk);
    let (desk, made) = office.desk.as_ref().and_then(|desk| desk.digest(now)).ok_or("there is no digest")?;
    html(&made.html)?;
    chat(&made.chat)?;
    office.desk = Some(Desk { sent: Vec::new(), ..desk.without_digest(&made) });
    see(&format!("{}{}{}", made.subject, made.text, made.html), &invented.secrets)
}

fn run(
    received: &Received,
    known: Known<'_>,
    context: &Context,
    rules: &Rules,
    now: Timestamp,
) -> Result<Decision, String> {
    let decision = decide(received, known, context, rules, now);
    for delivery in &decision.deliveries {
        match delivery {
            Delivery::Topic(published) => {
                let value: Result<serde_json::Value, _> = serde_json::from_str(&published.message);
                hold(value.is_ok_and(|value| value["source"] == "signalbox"), "JSON", &published.message)?;
                line(&published.subject)?;
                hold(published.subject.is_ascii(), "ASCII", &published.subject)?;
                for (_, value) in &published.attributes {
                    hold(!value.is_empty() && !value.contains(char::is_control), "attribute", value)?;
                }
            }
            Delivery::Chat(message) => chat(message)?,
            Delivery::Mail(mail) => {
                line(&mail.subject)?;
                line(&mail.reply_to)?;
                html(&mail.html)?;
                let odd = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
                hold(!mail.text.contains(odd), "the text of a mail", &mail.text)?;
            }
            Delivery::Alerts(_, _, notice) => line(&notice.subject())?,
        }
    }
    let sinks: BTreeSet<Sink> = decision.deliveries.iter().map(Delivery::sink).collect();
    if let Saved::All { entry, .. } = &decision.saved {
        hold(sinks == entry.owed, "what is owed is sent", "")?;
    }
    Ok(decision)
}

/// Everything that is kept, sent or shown.
fn seen(decision: &Decision) -> Result<String, String> {
    let mut all = String::new();
    if let Saved::All { entry, thread, desk } = &decision.saved {
        for part in [serde_json::to_string(entry), serde_json::to_string(thread), serde_json::to_string(desk)] {
            all.push_str(&part.map_err(|error| error.to_string())?);
        }
    }
    for delivery in &decision.deliveries {
        match delivery {
            Delivery::Topic(published) => all.push_str(&published.message),
            Delivery::Chat(message) => all.push_str(message),
            Delivery::Mail(mail) => all.extend([mail.subject.as_str(), &mail.text, &mail.html]),
            Delivery::Alerts(_, _, notice) => all.push_str(&notice.text),
        }
    }
    Ok(all)
}

/// No secret, and neither the first nor the last 12 characters of one, whatever stands between them unseen.
fn see(text: &str, secrets: &[String]) -> Result<(), String> {
    if secrets.is_empty() {
        return Ok(());
    }
    let text: String = text.chars().filter(|c| c.is_ascii_graphic()).collect();
    for secret in secrets {
        for part in [&secret[..12], &secret[secret.len() - 12..]] {
            hold(!text.contains(part), "no secret is seen", secret)?;
        }
    }
    Ok(())
}

fn line(text: &str) -> Result<(), String> {
    hold(!text.is_empty() && !text.contains(char::is_control), "one line", text)?;
    hold(text.chars().count() <= 254, "short", text)
}

fn chat(message: &str) -> Result<(), String> {
    let value: serde_json::Value = serde_json::from_str(message).map_err(|error| error.to_string())?;
    for part in ["title", "description"] {
        let text = value["content"][part].as_str().ok_or("there is a text")?;
        let mentions = text.match_indices('@').any(|(at, _)| !text[at + 1..].starts_with('\u{200b}'));
        // The last `@` may be where it was cut.
        let mentions = mentions && !text.ends_with('@');
        hold(!mentions && !text.contains(['<', '>']) && !text.contains("]("), "harmless in chat", text)?;
    }
    Ok(())
}

/// The tags of the template, and no other.
fn html(page: &str) -> Result<(), String> {
    const TAGS: [&str; 20] = [
        "!doctype html",
        "html lang=\"en\"",
        "head",
        "meta charset=\"utf-8\"",
        "title",
        "/title",
        "/head",
        "h1 style=\"font-size:18px\"",
        "meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"",
        "meta name=\"color-scheme\" content=\"light dark\"",
        "/h1",
        "p",
        "p style=\"margin:6px 0\"",
        "/p",
        "b",
        "/b",
        "/div",
        "/body",
        "/html",
        "body style=\"font-family:sans-serif;margin:16px;font-size:16px;line-height:1.4;overflow-wrap:anywhere\"",
    ];
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        hold(TAGS.contains(&tag) || tag.starts_with("div style=\"white-space:pre-wrap"), "a tag of the template", tag)?;
    }
    Ok(())
}

fn hold(holds: bool, what: &str, of: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{what}: {of:?}")) }
}
