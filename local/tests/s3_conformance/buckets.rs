use crate::harness::{Bench, code, refusal, unique_bucket};

#[tokio::test]
async fn a_bucket_is_made_found_listed_and_deleted() {
    let bench = Bench::new().await;
    let (client, name) = (&bench.client, unique_bucket());
    assert_eq!(
        refusal(client.head_bucket().bucket(&name).send().await).0,
        404
    );
    client
        .create_bucket()
        .bucket(&name)
        .send()
        .await
        .expect("create");
    client
        .head_bucket()
        .bucket(&name)
        .send()
        .await
        .expect("head");
    let listed = client.list_buckets().send().await.expect("list");
    let found = listed
        .buckets()
        .iter()
        .find(|bucket| bucket.name() == Some(&name))
        .expect("it is listed");
    assert!(found.creation_date().is_some());
    client
        .get_bucket_location()
        .bucket(&name)
        .send()
        .await
        .expect("location");
    client
        .delete_bucket()
        .bucket(&name)
        .send()
        .await
        .expect("delete");
    assert_eq!(
        refusal(client.delete_bucket().bucket(&name).send().await),
        code(404, "NoSuchBucket")
    );
    bench.finish().await;
}

#[tokio::test]
async fn a_bucket_with_objects_stays() {
    let bench = Bench::new().await;
    bench.put("a", "a").await;
    let delete = bench.client.delete_bucket().bucket(&bench.bucket);
    assert_eq!(refusal(delete.send().await), code(409, "BucketNotEmpty"));
    assert_eq!(bench.get("a").await, b"a");
    bench.finish().await;
}

#[tokio::test]
async fn a_bucket_is_made_once() {
    let bench = Bench::new().await;
    bench.put("k", "v").await;
    // us-east-1 takes it as done; other regions answer `BucketAlreadyOwnedByYou`.
    if bench.store().is_some() {
        let again = bench.client.create_bucket().bucket(&bench.bucket);
        again.send().await.expect("it is there");
    }
    assert_eq!(bench.get("k").await, b"v");
    bench.finish().await;
}

#[tokio::test]
async fn a_bad_name_is_refused() {
    let bench = Bench::new().await;
    for name in ["UPPER", "under_score", "a", "192.168.1.1", "-dash"] {
        let create = bench.client.create_bucket().bucket(name).send().await;
        assert_eq!(refusal(create), code(400, "InvalidBucketName"), "{name}");
    }
    bench.finish().await;
}

#[tokio::test]
async fn nothing_is_in_a_missing_bucket() {
    let bench = Bench::new().await;
    let (client, missing) = (&bench.client, unique_bucket());
    let expected = code(404, "NoSuchBucket");
    assert_eq!(
        refusal(client.get_object().bucket(&missing).key("k").send().await),
        expected
    );
    assert_eq!(
        refusal(client.put_object().bucket(&missing).key("k").send().await),
        expected
    );
    assert_eq!(
        refusal(
            client
                .delete_object()
                .bucket(&missing)
                .key("k")
                .send()
                .await
        ),
        expected
    );
    assert_eq!(
        refusal(client.list_objects_v2().bucket(&missing).send().await),
        expected
    );
    assert_eq!(
        refusal(
            client
                .create_multipart_upload()
                .bucket(&missing)
                .key("k")
                .send()
                .await
        ),
        expected
    );
    bench.finish().await;
}
