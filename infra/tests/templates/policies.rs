//! The permissions in the templates are those of `quillfront_infra::policy`.

use crate::model::{elements, resolved, template};
use quillfront_infra::policy::{
    Location, builder_policy, edge_policy, thumbnail_policy, writer_policy,
};
use serde_json::Value;

fn place(name: &str) -> Location {
    Location::new(name, "").unwrap()
}

/// Returns the statements of a role's policy.
fn of_role(template: &Value, role: &str, policy: &str) -> Value {
    let policies = &template["Resources"][role]["Properties"]["Policies"];
    let policies = elements(policies);
    let found = policies.iter().find(|found| found["PolicyName"] == policy);
    resolved(&found.unwrap_or_else(|| panic!("{role} has no policy {policy}"))["PolicyDocument"])
}

#[test]
fn the_builder_has_what_the_command_prints() {
    let arn = "arn:aws:cloudfront::AWS::AccountId:distribution/Distribution";
    let (source, site, state) = (
        place("sourcebucket"),
        place("sitebucket"),
        place("statebucket"),
    );
    assert_eq!(
        of_role(&template("blog.yaml"), "BuilderRole", "builder"),
        builder_policy(&source, &site, &state, Some(arn)),
    );
}

#[test]
fn the_builder_may_tell_the_topic_that_it_is_given() {
    let template = template("blog.yaml");
    let policy = of_role(&template, "BuilderRole", "notices");
    let [statement] = elements(&policy["Statement"])[..] else {
        panic!("{policy}");
    };
    assert_eq!(statement["Action"], "sns:Publish");
    let variables =
        &template["Resources"]["BuilderFunction"]["Properties"]["Environment"]["Variables"];
    assert_eq!(
        resolved(&variables["QUILLFRONT_TOPIC"]),
        statement["Resource"]
    );
}

#[test]
fn the_thumbnail_function_has_its_policy_in_both_templates() {
    for name in ["blog.yaml", "thumbnails.yaml"] {
        assert_eq!(
            of_role(&template(name), "ThumbnailRole", "site"),
            thumbnail_policy(&place("sitebucket")),
            "{name}",
        );
    }
}

#[test]
fn the_edge_has_its_policy_in_both_templates() {
    for name in ["blog.yaml", "headers.yaml"] {
        assert_eq!(
            of_role(&template(name), "EdgeRole", "site"),
            edge_policy(&place("sitebucket")),
            "{name}",
        );
    }
}

#[test]
fn writers_have_their_policy() {
    let template = template("blog.yaml");
    let policy = &template["Resources"]["WriterPolicy"]["Properties"]["PolicyDocument"];
    assert_eq!(resolved(policy), writer_policy(&place("sourcebucket")));
}

#[test]
fn a_role_may_log_into_its_own_group_and_no_more() {
    let blog = template("blog.yaml");
    for (role, log) in [
        ("BuilderRole", "arn:BuilderLog"),
        ("ThumbnailRole", "arn:ThumbnailLog"),
    ] {
        let policy = of_role(&blog, role, "logs");
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 1);
        assert_eq!(policy["Statement"][0]["Resource"], log);
    }
    let uploads = of_role(&blog, "BuilderRole", "uploads");
    assert_eq!(uploads["Statement"][0]["Resource"], "arn:UploadQueue");
}
