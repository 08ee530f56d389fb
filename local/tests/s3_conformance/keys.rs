use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};

use crate::harness::{Bench, code, refusal};

fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        " lead",
        "a",
        "a/b",
        "a/b/",
        "a/",
        "/",
        "//",
        "/lead",
        "//double//slash//",
        "trailing/",
        ".",
        "..",
        "../escape",
        "../../../../etc/passwd",
        "a/../b",
        "a/./b",
        "with space",
        "plus+plus",
        "percent%percent",
        "%2e%2e%2f",
        "%41",
        "amp&lt;<>&\"'",
        "question?mark",
        "hash#tag",
        "semi;colon,comma=equals:@!$*()",
        "back\\slash",
        "~tilde",
        "ünï/cödé",
        "日本語.md",
        "🦀/🚀",
        "e\u{301}",
        "\u{e9}",
        "CON",
        "nul.txt",
        "objects",
        "con:stream",
        "tab\there",
        "x-amz-meta-a",
        "UPPER",
        "upper",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push("k".repeat(1024));
    keys.push("/".repeat(1024));
    keys.push(format!("{}ü", "ü".repeat(511)));
    keys
}

#[tokio::test]
async fn any_key_works() {
    let bench = Bench::new().await;
    let mut keys = odd_keys();
    for key in &keys {
        bench.put(key, key.as_bytes()).await;
    }
    for key in &keys {
        assert_eq!(bench.get(key).await, key.as_bytes(), "{key:?}");
        bench
            .client
            .head_object()
            .bucket(&bench.bucket)
            .key(key)
            .send()
            .await
            .expect("head");
    }
    keys.sort();
    let listed = bench
        .client
        .list_objects_v2()
        .bucket(&bench.bucket)
        .encoding_type(EncodingType::Url);
    let listed = listed.send().await.expect("the listing");
    let listed: Vec<String> = listed
        .contents()
        .iter()
        .map(|object| form_decode(object.key().expect("a key")))
        .collect();
    assert_eq!(listed, keys, "in the order of their bytes");

    let (one_by_one, at_once) = keys.split_at(keys.len() / 2);
    for key in one_by_one {
        bench
            .client
            .delete_object()
            .bucket(&bench.bucket)
            .key(key)
            .send()
            .await
            .expect("delete");
    }
    let identifiers = at_once
        .iter()
        .map(|key| ObjectIdentifier::builder().key(key).build().expect("a key"));
    let delete = Delete::builder()
        .set_objects(Some(identifiers.collect()))
        .build()
        .expect("keys");
    let deleted = bench
        .client
        .delete_objects()
        .bucket(&bench.bucket)
        .delete(delete)
        .send()
        .await
        .expect("delete");
    assert_eq!(deleted.errors().len(), 0);
    assert_eq!(bench.keys().await, [""; 0]);
    bench.finish().await;
}

#[tokio::test]
async fn a_key_has_at_most_1024_bytes() {
    let bench = Bench::new().await;
    for key in ["k".repeat(1025), "ü".repeat(513)] {
        let put = bench.client.put_object().bucket(&bench.bucket).key(key);
        assert_eq!(refusal(put.send().await), code(400, "KeyTooLongError"));
    }
    bench.finish().await;
}

fn form_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
                let digits = std::str::from_utf8(&digits).expect("ASCII");
                u8::from_str_radix(digits, 16).expect("hexadecimal")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("UTF-8")
}
