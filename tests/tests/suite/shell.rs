//! The `signalbox` command, as a person runs it.

use std::process::Output;

use signalbox_tests::build::binary;
use signalbox_tests::invoke_api::InvokeApi;
use signalbox_tests::stack::Stack;
use tokio::process::Command;

/// Runs it against this stack, with these functions behind Lambda's Invoke API.
pub(crate) async fn signalbox(stack: &Stack, lambda: &InvokeApi, arguments: &[&str]) -> Output {
    Command::new(binary("signalbox"))
        .args(arguments)
        .envs(stack.env())
        .env("AWS_ENDPOINT_URL_LAMBDA", lambda.endpoint())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .await
        .expect("the command runs")
}

/// All that it said.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
