//! Hardening over real HTTP: nothing that nobody knows is lost, nobody is overwritten, and everything goes back.

#[path = "../../observe/tests/fake/mod.rs"]
mod fake;

use fake::{ARN, Fake, Fault, ID};
use jiff::civil::date;
use quillfront_audit::harden::edit::{Edit, Spot, Value};
use quillfront_audit::harden::{Change, Choice, Plan, Resource, Step, When, plan};
use quillfront_audit::observed::Observed;
use quillfront_harden::saved::Saved;
use quillfront_harden::{HardenError, Patience, apply, rollback};
use quillfront_observe::{Reach, observe};
use std::collections::BTreeMap;
use std::time::Duration;

/// With an element that nobody knows in each place, and one that is newer than typed clients.
const WORST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>1</CallerReference><Aliases><Quantity>0</Quantity></Aliases><Origins><Quantity>2</Quantity><Items><Origin><Id>site</Id><DomainName>site.s3.eu-west-1.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity><OriginReadTimeout>30</OriginReadTimeout></S3OriginConfig><Invented flag='yes'>a &amp; b</Invented></Origin><Origin><Id>api</Id><DomainName>api.example.org</DomainName><CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>x-key</HeaderName><HeaderValue>secret</HeaderValue></OriginCustomHeader></Items></CustomHeaders><CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>match-viewer</OriginProtocolPolicy><OriginSslProtocols><Quantity>2</Quantity><Items><SslProtocol>TLSv1</SslProtocol><SslProtocol>TLSv1.2</SslProtocol></Items></OriginSslProtocols><OriginMtlsConfig><ClientCertificateArn>arn:m</ClientCertificateArn></OriginMtlsConfig></CustomOriginConfig></Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>site</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy><Compress>false</Compress><CachePolicyId>own</CachePolicyId><GrpcConfig><Enabled>false</Enabled></GrpcConfig><Invented/></DefaultCacheBehavior><CacheBehaviors><Quantity>1</Quantity><Items><CacheBehavior><PathPattern>/api/*</PathPattern><TargetOriginId>api</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy><Compress>true</Compress><CachePolicyId>658327ea-f89d-4fab-a63d-7e88639e58f6</CachePolicyId><ResponseHeadersPolicyId>RHP</ResponseHeadersPolicyId></CacheBehavior></Items></CacheBehaviors><Comment></Comment><Enabled>true</Enabled><ViewerCertificate><CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate></ViewerCertificate><WebACLId></WebACLId><HttpVersion>http1.1</HttpVersion><IsIPV6Enabled>false</IsIPV6Enabled><Invented>
  <!-- of the year 2031 --><Deeper a="1"/>
</Invented></DistributionConfig>"#;

const ROOT: &str = "/2020-05-31";

async fn account() -> Fake {
    let fake = Fake::start().await;
    fake.put(&format!("{ROOT}/distribution/{ID}/config"), WORST);
    fake.put(
        &format!("{ROOT}/cache-policy/own/config"),
        "<CachePolicyConfig><Name>own</Name><MinTTL>9</MinTTL><Invented/></CachePolicyConfig>",
    );
    fake.put(&format!("{ROOT}/response-headers-policy/RHP/config"), "<ResponseHeadersPolicyConfig><Name>mine</Name><Invented>1</Invented></ResponseHeadersPolicyConfig>");
    fake.call(&format!("GET {ROOT}/tagging"), "<Tags><Items/></Tags>");
    fake.call("GET /", "<L><Buckets><Bucket><Name>site</Name><BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets></L>");
    fake.put("/site?policy", r#"{"Version":"2012-10-17", "Statement": [ {"Sid":"theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/builder"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::site/*","Condition":{}} ]}"#);
    fake.put(
        "/site?versioning",
        "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
    );
    fake.put("/site?logging", "<L/>");
    fake.put("/site?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls><Invented/></PublicAccessBlockConfiguration>");
    fake.call("DescribeDeliverySources", r#"{"deliverySources":[]}"#);
    fake.call(
        "POST /v1/ListSubscriptions",
        r#"{"subscriptionSummaries":[]}"#,
    );
    fake.call("DescribeBudgets", r#"{"Budgets":[]}"#);
    fake.call(
        "DescribeAlarms",
        "<R><DescribeAlarmsResult><MetricAlarms/></DescribeAlarmsResult></R>",
    );
    fake
}

const PATIENCE: Patience = Patience {
    interval: Duration::from_millis(1),
    limit: Duration::from_secs(5),
};

async fn read(fake: &Fake) -> Observed {
    observe(&fake.aws(), ID, ID, date(2026, 12, 1), Reach::ApiOnly).await
}

async fn planned(fake: &Fake, choice: &Choice) -> Plan {
    let observed = read(fake).await;
    plan(&observed, &quillfront_audit::audit(&observed, &[]), choice)
}

/// Hardens, and returns what is needed to go back and the number of writes.
async fn harden(fake: &Fake, choice: &Choice) -> (Saved, usize) {
    let plan = planned(fake, choice).await;
    let mut saved = Saved::new(ARN);
    let writes = apply(
        &fake.aws(),
        &plan.changes,
        &mut saved,
        PATIENCE,
        &mut |_| Ok(()),
    )
    .await
    .unwrap();
    (saved, writes)
}

fn texts(fake: &Fake) -> BTreeMap<String, String> {
    let account = fake.account();
    account
        .documents
        .iter()
        .map(|(path, (text, _))| (path.clone(), text.clone()))
        .collect()
}

fn config(fake: &Fake) -> String {
    fake.body(&format!("{ROOT}/distribution/{ID}/config"))
        .unwrap()
}

fn only(ids: &[&str]) -> Choice {
    Choice {
        only: ids.iter().map(|id| (*id).to_owned()).collect(),
        ..Choice::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_unknown_is_lost_a_second_run_writes_nothing_and_all_goes_back() {
    let fake = account().await;
    let before = texts(&fake);
    fake.account().slow = 3;
    let (saved, writes) = harden(&fake, &Choice::default()).await;
    assert_eq!(writes, fake.account().writes.len());
    let hard = config(&fake);
    for kept in [
        "<Invented flag='yes'>a &amp; b</Invented>",
        "<OriginMtlsConfig><ClientCertificateArn>arn:m</ClientCertificateArn></OriginMtlsConfig>",
        "<Invented>\n  <!-- of the year 2031 --><Deeper a=\"1\"/>\n</Invented>",
        "<GrpcConfig><Enabled>false</Enabled></GrpcConfig><Invented/>",
        "<HeaderValue>secret</HeaderValue>",
    ] {
        assert!(hard.contains(kept), "{kept} is lost: {hard}");
    }
    assert!(
        !hard.contains("allow-all") && hard.contains("<OriginAccessControlId>NEW"),
        "{hard}"
    );
    assert!(texts(&fake)["/site?policy"].contains("theirs"));
    assert!(
        texts(&fake)[&format!("{ROOT}/cache-policy/own/config")]
            .contains("<MinTTL>0</MinTTL><Invented/>")
    );
    let after = texts(&fake);

    fake.account().writes.clear();
    let (_, writes) = harden(&fake, &Choice::default()).await;
    assert_eq!((writes, fake.account().writes.clone()), (0, Vec::new()));
    assert_eq!(texts(&fake), after);

    // As it is written to the file and read again.
    let saved: Saved = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
    rollback(&fake.aws(), &saved, false, PATIENCE)
        .await
        .unwrap();
    assert_eq!(texts(&fake), before, "byte for byte");
    assert!(read(&fake).await.tags.get().unwrap().is_empty());
    fake.account().writes.clear();
    let planned_again = planned(&fake, &Choice::default()).await;
    assert!(!planned_again.changes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grant_comes_before_the_distribution_and_the_block_after() {
    let fake = account().await;
    harden(&fake, &only(&["origin-access", "bucket-public-block"])).await;
    let writes = fake.account().writes.clone();
    let place = |what: &str| {
        writes
            .iter()
            .position(|write| write.contains(what))
            .unwrap()
    };
    assert!(place("origin-access-control") < place("PUT /site?policy"));
    assert!(place("PUT /site?policy") < place("distribution"));
    assert!(place("distribution") < place("PUT /site?publicAccessBlock"));
    let block = fake.body("/site?publicAccessBlock").unwrap();
    assert_eq!(block.matches(">true<").count(), 4, "{block}");
    assert!(block.contains("<Invented/>"), "{block}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_faster_is_not_overwritten() {
    let fake = account().await;
    let distribution = format!("PUT {ROOT}/distribution/{ID}/config");
    let policy = format!("PUT {ROOT}/cache-policy/own");
    fake.account().faults = vec![
        (distribution.clone(), Fault::Overtaken),
        (distribution, Fault::Overtaken),
    ];
    fake.account().faults.push((policy, Fault::Busy));
    let (saved, _) = harden(&fake, &Choice::default()).await;
    let hard = config(&fake);
    assert!(
        hard.contains("<Comment>overtaken overtaken </Comment>"),
        "{hard}"
    );
    assert!(!hard.contains("allow-all"), "{hard}");
    assert!(fake.account().faults.is_empty());
    // What goes back is what the other has written, without the changes.
    rollback(&fake.aws(), &saved, false, PATIENCE)
        .await
        .unwrap();
    assert_eq!(
        config(&fake),
        WORST.replace("<Comment>", "<Comment>overtaken overtaken ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_failures_change_nothing_of_the_outcome() {
    let calm = account().await;
    harden(&calm, &Choice::default()).await;
    let stormy = account().await;
    let lines = [
        format!("POST {ROOT}/response-headers-policy"),
        format!("POST {ROOT}/origin-access-control"),
        format!("PUT {ROOT}/distribution/{ID}/config"),
        format!("PUT {ROOT}/cache-policy/own"),
        "PUT /site?policy".to_owned(),
        format!("GET {ROOT}/distribution/{ID}/config"),
    ];
    for fault in [Fault::Busy, Fault::Lost, Fault::Throttled] {
        stormy
            .account()
            .faults
            .extend(lines.iter().map(|line| (line.clone(), fault)));
    }
    let (saved, _) = harden(&stormy, &Choice::default()).await;
    assert!(stormy.account().faults.is_empty(), "all of them happened");
    let count = |fake: &Fake| {
        texts(fake)
            .keys()
            .filter(|path| path.contains("/NEW"))
            .count()
    };
    assert_eq!(
        (count(&calm), count(&stormy)),
        (2, 2),
        "nothing is created twice"
    );
    let plain = |text: String| {
        text.replace("NEW2", "NEW")
            .replace("NEW1", "NEW")
            .replace("NEW3", "NEW")
    };
    assert_eq!(plain(config(&calm)), plain(config(&stormy)));
    assert!(
        planned(&stormy, &Choice::default())
            .await
            .changes
            .is_empty()
    );
    // What was written is known to be ours, though the answers were lost.
    rollback(&stormy.aws(), &saved, false, PATIENCE)
        .await
        .unwrap();
    assert_eq!(config(&stormy), WORST);
    assert_eq!(count(&stormy), 0, "what was created goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_lose_no_update() {
    let fake = account().await;
    let rounds = if std::env::var_os("E2E_DEEP").is_some() {
        1_000
    } else {
        100
    };
    let set = |setting: &'static str, value: usize| Change {
        id: "http3",
        place: "distribution".to_owned(),
        what: String::new(),
        cuts_off: None,
        steps: vec![Step::Rewrite(
            When::With,
            Resource::Distribution(ID.to_owned()),
            Edit::Set(Spot::Root, setting, Value::Text(value.to_string())),
        )],
    };
    for round in 1..=rounds {
        let write = |setting| {
            let (aws, change) = (fake.aws(), set(setting, round));
            async move {
                let mut saved = Saved::new(ARN);
                apply(&aws, &[change], &mut saved, PATIENCE, &mut |_| Ok(()))
                    .await
                    .unwrap()
            }
        };
        let (one, other) = tokio::join!(
            tokio::spawn(write("HttpVersion")),
            tokio::spawn(write("PriceClass"))
        );
        assert_eq!((one.unwrap(), other.unwrap()), (1, 1));
        let now = config(&fake);
        for setting in ["HttpVersion", "PriceClass"] {
            let wanted = format!("<{setting}>{round}</{setting}>");
            assert!(now.contains(&wanted), "round {round}: {wanted} is lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_since_does_not_go_back_unasked() {
    let fake = account().await;
    let (saved, _) = harden(&fake, &only(&["ipv6"])).await;
    let path = format!("{ROOT}/distribution/{ID}/config");
    let theirs = config(&fake).replace("<Comment>", "<Comment>theirs ");
    fake.account().documents.insert(path, (theirs.clone(), 17));
    let refused = rollback(&fake.aws(), &saved, false, PATIENCE).await;
    assert!(
        matches!(refused, Err(HardenError::ChangedSince(_))),
        "{refused:?}"
    );
    assert_eq!(config(&fake), theirs);
    rollback(&fake.aws(), &saved, true, PATIENCE).await.unwrap();
    assert_eq!(config(&fake), WORST);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_saved_is_not_written() {
    let fake = account().await;
    let plan = planned(&fake, &only(&["ipv6"])).await;
    let full = |_: &Saved| Err(HardenError::Save("the disk is full".to_owned()));
    let mut saved = Saved::new(ARN);
    let refused = apply(&fake.aws(), &plan.changes, &mut saved, PATIENCE, &mut {
        full
    })
    .await;
    assert!(matches!(refused, Err(HardenError::Save(_))));
    assert!(fake.account().writes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_named_and_it_can_go_on_later() {
    let fake = account().await;
    let plan = planned(&fake, &Choice::default()).await;
    fake.account().denied = [format!("PUT {ROOT}/distribution")].into();
    let mut saved = Saved::new(ARN);
    let refused = apply(
        &fake.aws(),
        &plan.changes,
        &mut saved,
        PATIENCE,
        &mut |_| Ok(()),
    )
    .await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("cloudfront:UpdateDistribution"), "{told}");
    assert_eq!(config(&fake), WORST);
    fake.account().denied.clear();
    harden(&fake, &Choice::default()).await;
    assert!(planned(&fake, &Choice::default()).await.changes.is_empty());
}
