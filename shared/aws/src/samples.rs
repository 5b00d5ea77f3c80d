//! A service as the tests of this crate know it.

use signalbox_domain::definition::Definition;

pub(crate) const LISTENER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/front/50dc6c495c0c9188/f2f7dc8efc522ab2";
pub(crate) const BLUE: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/1111111111111111";
pub(crate) const GREEN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green/2222222222222222";
pub(crate) const OTHER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/elsewhere/3333333333333333";

/// The smallest definition there is.
pub(crate) fn definition() -> Definition {
    let text = serde_json::json!({
        "name": "shop",
        "listener_arn": LISTENER,
        "slots": {
            "blue": {"asg": "shop-blue", "target_group_arn": BLUE},
            "green": {"asg": "shop-green", "target_group_arn": GREEN},
        },
        "release": {"parameter": "/shop/{slot}/release"},
    });
    Definition::read(&text.to_string()).unwrap()
}
