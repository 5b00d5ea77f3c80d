use aws_sdk_elasticloadbalancingv2::types::{
    ActionTypeEnum, AuthenticateOidcActionConfig, TargetGroupStickinessConfig,
};

use super::*;
use crate::samples::{BLUE, GREEN, OTHER, definition};

fn sticky() -> TargetGroupStickinessConfig {
    TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(300).build()
}

fn forward(weights: &[(&str, i32)], order: Option<i32>, stickiness: Option<TargetGroupStickinessConfig>) -> Action {
    let tuples = weights
        .iter()
        .map(|(arn, weight)| TargetGroupTuple::builder().target_group_arn(*arn).weight(*weight).build())
        .collect();
    let config = ForwardActionConfig::builder()
        .set_target_groups(Some(tuples))
        .set_target_group_stickiness_config(stickiness)
        .build();
    let mut action = Action::builder().r#type(ActionTypeEnum::Forward).set_order(order).forward_config(config).build();
    if let [(only, _)] = weights {
        // As AWS shows it.
        action.target_group_arn = Some((*only).to_owned());
    }
    action
}

fn authenticate() -> Action {
    let oidc = AuthenticateOidcActionConfig::builder()
        .issuer("https://id.example")
        .client_id("client")
        .scope("openid email")
        .session_timeout(3_600)
        .authentication_request_extra_params("prompt", "login")
        .build();
    Action::builder().r#type(ActionTypeEnum::AuthenticateOidc).order(1).authenticate_oidc_config(oidc).build()
}

fn blue(percent: u8) -> Split {
    Split::Blue(percent.try_into().unwrap())
}

fn read(actions: &[Action]) -> Routing {
    super::read(actions, Groups::of(&definition()))
}

fn rewrite(actions: &[Action], split: Split) -> Option<Vec<Action>> {
    super::rewrite(actions, Groups::of(&definition()), split).unwrap()
}

#[test]
fn weights_are_read_as_aws_holds_them() {
    let seen = read(&[forward(&[(GREEN, 30), (BLUE, 970), (OTHER, 5)], None, Some(sticky()))]);
    assert_eq!(seen.raw, BySlot { blue: Some(970), green: Some(30) });
    assert_eq!(seen.elsewhere, 5);
    assert_eq!(seen.sticky, Some(SignedDuration::from_secs(300)));
}

#[test]
fn a_lone_forward_in_the_short_form_is_all_to_that_slot() {
    let seen = read(&[Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(BLUE).build()]);
    assert_eq!(seen.split(), Some(Split::Only(Slot::Blue)));
}

#[test]
fn stickiness_that_is_off_is_none() {
    let off = TargetGroupStickinessConfig::builder().enabled(false).duration_seconds(300).build();
    assert_eq!(read(&[forward(&[(BLUE, 1)], None, Some(off))]).sticky, None);
}

#[test]
fn actions_that_forward_to_neither_slot_name_neither() {
    let seen = read(&[authenticate(), forward(&[(OTHER, 1)], Some(2), None)]);
    assert_eq!(seen.raw, BySlot { blue: None, green: None });
    assert_eq!(seen.elsewhere, 0);
}

#[test]
fn only_the_weights_change_and_everything_else_goes_back_as_it_was() {
    let before = vec![authenticate(), forward(&[(BLUE, 100), (GREEN, 0)], Some(2), Some(sticky()))];
    let after = rewrite(&before, blue(90)).unwrap();
    let mut kept = authenticate();
    kept.authenticate_oidc_config.as_mut().unwrap().use_existing_client_secret = Some(true);
    assert_eq!(after, [kept, forward(&[(BLUE, 90), (GREEN, 10)], Some(2), Some(sticky()))]);
}

#[test]
fn a_client_secret_is_kept_by_reference_since_aws_never_shows_it() {
    let after = rewrite(&[authenticate(), forward(&[(BLUE, 1)], Some(2), None)], blue(0)).unwrap();
    let oidc = after[0].authenticate_oidc_config().unwrap();
    assert_eq!((oidc.client_secret(), oidc.use_existing_client_secret()), (None, Some(true)));
}

#[test]
fn a_second_group_is_named_and_the_short_form_goes() {
    let short = Action::builder().r#type(ActionTypeEnum::Forward).order(1).target_group_arn(BLUE).build();
    for before in [forward(&[(BLUE, 1)], Some(1), None), short] {
        let after = rewrite(&[before], blue(100)).unwrap();
        assert_eq!(after, [forward(&[(BLUE, 100), (GREEN, 0)], Some(1), None)]);
        assert_eq!(after[0].target_group_arn(), None);
    }
}

#[test]
fn one_slot_alone_is_named_alone_with_its_stickiness() {
    let before = [forward(&[(BLUE, 0), (GREEN, 100)], Some(1), Some(sticky()))];
    let after = rewrite(&before, Split::Only(Slot::Green)).unwrap();
    assert_eq!(after[0].target_group_arn(), None, "one form is enough");
    let config = after[0].forward_config().unwrap();
    assert_eq!(forwarded(&after[0]), [(GREEN, 100)]);
    assert_eq!(config.target_group_stickiness_config(), Some(&sticky()));
    assert_eq!(read(&after).split(), Some(Split::Only(Slot::Green)));
}

#[test]
fn what_is_right_already_is_not_written() {
    assert_eq!(rewrite(&[forward(&[(GREEN, 10), (BLUE, 90)], None, None)], blue(90)), None);
    assert_eq!(rewrite(&[forward(&[(BLUE, 1)], None, None)], Split::Only(Slot::Blue)), None);
}

#[test]
fn a_foreign_group_stays_named_without_traffic() {
    let after = rewrite(&[forward(&[(OTHER, 50), (BLUE, 50)], None, None)], blue(100)).unwrap();
    assert_eq!(forwarded(&after[0]), [(OTHER, 0), (BLUE, 100), (GREEN, 0)]);
    assert!(read(&after).is(blue(100)));
}

#[test]
fn every_split_reads_back_as_it_was_written() {
    let starts = [
        vec![forward(&[(BLUE, 1)], None, None)],
        vec![authenticate(), forward(&[(GREEN, 999), (OTHER, 7), (BLUE, 3)], Some(2), Some(sticky()))],
    ];
    let splits = (0..=100).map(blue).chain(Slot::BOTH.map(Split::Only));
    for (start, split) in splits.flat_map(|split| starts.iter().map(move |start| (start, split))) {
        let after = rewrite(start, split).unwrap_or_else(|| start.clone());
        assert!(read(&after).is(split), "{split}");
        assert_eq!(rewrite(&after, split), None, "{split} is written once");
    }
}

#[test]
fn nothing_is_written_where_neither_slot_is_forwarded_to() {
    let groups = definition();
    let fixed = [Action::builder().r#type(ActionTypeEnum::FixedResponse).build()];
    assert_eq!(super::rewrite(&fixed, Groups::of(&groups), blue(50)), Err(NoForward));
}
