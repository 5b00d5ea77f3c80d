//! A headless Chromium, driven over [WebDriver](https://www.w3.org/TR/webdriver2/) as a person would use it, at the
//! size of a phone. Whether there is one is found out when the tests are built: `tests/build.rs`.

mod find;

use std::env;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::http;
use crate::wait::eventually;
use crate::workspace;

/// Longest time for the driver to listen.
const START_WITHIN: Duration = Duration::from_secs(60);
/// Longest time for a page to show something.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// The size of a phone, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);
/// How many there are at once: each is a dozen processes.
static SEATS: Semaphore = Semaphore::const_new(2);

const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-GB",
];

/// The key that goes to the next field.
pub const TAB: &str = "\u{e004}";
/// The key that presses a button.
pub const ENTER: &str = "\u{e007}";

/// A browser with a profile of its own. It ends when dropped.
pub struct Browser {
    endpoint: String,
    session: String,
    driver: Child,
    folder: PathBuf,
    _seat: SemaphorePermit<'static>,
}

impl Browser {
    /// Opens one.
    pub async fn open() -> Browser {
        Browser::with_preferences(json!({})).await
    }

    /// Opens one whose user does not allow pages to run anything.
    pub async fn open_without_javascript() -> Browser {
        Browser::with_preferences(json!({"profile.managed_default_content_settings.javascript": 2})).await
    }

    async fn with_preferences(preferences: Value) -> Browser {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let seat = SEATS.acquire().await.expect("nobody closes it");
        let [chromium, driver] = find::programs().expect("chromium was there when the tests were built");
        let own = format!("browser-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = workspace::target_dir().join("tmp").join(own);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let driver = start(&driver, &folder);
        let mut browser = Browser { endpoint: String::new(), session: String::new(), driver, folder, _seat: seat };
        let port = eventually("chromedriver says its port", START_WITHIN, async || browser.port()).await;
        browser.endpoint = format!("http://127.0.0.1:{port}");

        let profile = format!("--user-data-dir={}", browser.folder.join("profile").display());
        let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([profile.as_str()]).collect();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": chromium, "args": arguments, "prefs": preferences},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let made = browser.ask(Method::POST, "/session", &wanted).await;
        browser.session = format!("/session/{}", made["sessionId"].as_str().expect("a session"));
        browser.resize(PHONE.0, PHONE.1).await;
        browser
    }

    /// Where the driver listens, once it says so.
    fn port(&self) -> Option<u16> {
        let said = fs::read_to_string(self.folder.join("said")).ok()?;
        said.split_once("started successfully on port ")?.1.split_once('.')?.0.parse().ok()
    }

    // --- What a person does ---

    /// Turns to a phone of this size.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1.5, "mobile": true});
        self.command("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Goes to a page, and waits until it is loaded.
    pub async fn go(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    /// Clicks on an element.
    pub async fn click(&self, css: &str) {
        self.of(css, "/click", Some(json!({}))).await;
    }

    /// Clicks into a field and types, after what is in it.
    pub async fn enter(&self, css: &str, text: &str) {
        self.of(css, "/value", Some(json!({ "text": text }))).await;
    }

    /// Empties a field.
    pub async fn clear(&self, css: &str) {
        self.of(css, "/clear", Some(json!({}))).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let element = self.get("/element/active").await;
        self.post(&format!("/element/{}/value", id(&element)), json!({ "text": keys })).await;
    }

    // --- What a person sees ---

    /// The text of an element as it is shown; nothing of one that is hidden.
    pub async fn text(&self, css: &str) -> String {
        self.of(css, "/text", None).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an element shows this text, in any letter case; returns all that it shows.
    pub async fn wait_for_text(&self, css: &str, text: &str) -> String {
        let wanted = text.to_lowercase();
        let look = async || {
            let found = self.find(css).await?;
            let shown =
                self.try_ask(Method::GET, &format!("{}/element/{found}/text", self.session), None).await.ok()?;
            shown.as_str().filter(|shown| shown.to_lowercase().contains(&wanted)).map(str::to_owned)
        };
        eventually(&format!("{css} shows {text:?}"), SHOWN_WITHIN, look).await
    }

    /// What is in a field.
    pub async fn value(&self, css: &str) -> String {
        self.of(css, "/property/value", None).await.as_str().unwrap_or_default().to_owned()
    }

    /// An attribute of an element, if it has it.
    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.of(css, &format!("/attribute/{name}"), None).await.as_str().map(str::to_owned)
    }

    /// The id of the element that has the focus.
    pub async fn focused(&self) -> String {
        let element = self.get("/element/active").await;
        let name = self.get(&format!("/element/{}/attribute/id", id(&element))).await;
        name.as_str().unwrap_or_default().to_owned()
    }

    /// What assistive technology calls each element that is shown, with its role.
    pub async fn labels(&self, css: &str) -> Vec<(String, String)> {
        let mut labels = Vec::new();
        for element in self.post("/elements", by(css)).await.as_array().into_iter().flatten() {
            let of = async |what: &str| self.get(&format!("/element/{}/{what}", id(element))).await;
            if of("displayed").await == json!(true) {
                let text = async |what: &str| of(what).await.as_str().unwrap_or_default().to_owned();
                labels.push((text("computedrole").await, text("computedlabel").await));
            }
        }
        labels
    }

    /// Runs a script in the page, `return …` say.
    pub async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// What the browser has complained of since this was last asked: the console's lines.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "browser"})).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Takes a picture of the whole page, if `SIGNALBOX_PICTURES` names a folder for it.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = env::var_os("SIGNALBOX_PICTURES") else { return };
        let taken = self.command("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await;
        let png = STANDARD.decode(taken["data"].as_str().unwrap_or_default()).expect("a picture in base64");
        let path = Path::new(&folder).join(format!("{name}.png"));
        fs::write(&path, png).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    // --- WebDriver ---

    async fn find(&self, css: &str) -> Option<String> {
        let found = self.try_ask(Method::POST, &format!("{}/element", self.session), Some(&by(css))).await;
        found.ok().map(|element| id(&element).to_owned())
    }

    /// Asks for something of the first such element, or does something to it.
    async fn of(&self, css: &str, what: &str, body: Option<Value>) -> Value {
        let element = self.post("/element", by(css)).await;
        let path = format!("/element/{}{what}", id(&element));
        match body {
            Some(body) => self.post(&path, body).await,
            None => self.get(&path).await,
        }
    }

    /// A command of the [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/).
    async fn command(&self, name: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({"cmd": name, "params": parameters})).await
    }

    async fn get(&self, path: &str) -> Value {
        let path = format!("{}{path}", self.session);
        self.try_ask(Method::GET, &path, None).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, &format!("{}{path}", self.session), &body).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, Some(body)).await.unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    async fn try_ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let answer = http::send(&self.endpoint, method, path, &[("content-type", "application/json")], body).await;
        let mut document = answer.json();
        if answer.status == 200 {
            return Ok(document["value"].take());
        }
        Err(document["value"]["message"].as_str().unwrap_or_default().to_owned())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.driver.stdin.take());
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts the driver in a process group of its own. A driver that is killed leaves its browser behind, so a shell waits
/// until nobody holds its input any more, however the test ended, and then ends the group.
fn start(driver: &Path, folder: &Path) -> Child {
    let said = File::create(folder.join("said")).expect("a file for what it says");
    let mut command = Command::new("sh");
    command
        .args(["-c", "\"$@\" & read -r _; kill -KILL 0", "sh"])
        .arg(driver)
        .arg("--port=0")
        // Whatever is not the profile's would land there.
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(said.try_clone().expect("the same file"))
        .stderr(said);
    command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", driver.display()))
}

/// How WebDriver finds an element.
fn by(css: &str) -> Value {
    json!({"using": "css selector", "value": css})
}

/// The id in a reference to an element.
fn id(element: &Value) -> &str {
    let reference = element.as_object().and_then(|reference| reference.values().next());
    reference.and_then(Value::as_str).unwrap_or_else(|| panic!("not an element: {element}"))
}
