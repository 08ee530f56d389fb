use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
};

use crate::harness::{Bench, code, noise, refusal};

const MIB: usize = 1 << 20;

struct Upload<'a> {
    bench: &'a Bench,
    key: &'a str,
    id: String,
    parts: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    async fn begin(bench: &'a Bench, key: &'a str) -> Upload<'a> {
        let create = bench
            .client
            .create_multipart_upload()
            .bucket(&bench.bucket)
            .key(key);
        let create = create
            .content_type("video/mp4")
            .metadata("m", "v")
            .send()
            .await
            .expect("create");
        Upload {
            bench,
            key,
            id: create.upload_id.expect("an id"),
            parts: Vec::new(),
        }
    }

    async fn part(&mut self, number: i32, bytes: Vec<u8>) -> String {
        let part = self
            .bench
            .client
            .upload_part()
            .bucket(&self.bench.bucket)
            .key(self.key)
            .upload_id(&self.id);
        let part = part
            .part_number(number)
            .body(bytes.into())
            .send()
            .await
            .expect("a part");
        let etag = part.e_tag.expect("an ETag");
        self.parts.push(
            CompletedPart::builder()
                .part_number(number)
                .e_tag(&etag)
                .build(),
        );
        etag
    }

    fn complete(&self) -> CompleteMultipartUploadFluentBuilder {
        self.complete_with(self.parts.clone())
    }

    fn complete_with(&self, parts: Vec<CompletedPart>) -> CompleteMultipartUploadFluentBuilder {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let complete = self
            .bench
            .client
            .complete_multipart_upload()
            .bucket(&self.bench.bucket)
            .key(self.key);
        complete.upload_id(&self.id).multipart_upload(parts)
    }
}

#[tokio::test]
async fn parts_become_an_object() {
    let bench = Bench::new().await;
    let mut upload = Upload::begin(&bench, "dir/video").await;
    let (first, second, third) = (noise(1, 5 * MIB), noise(2, 6 * MIB), noise(3, 100));
    // Out of order, and one of them twice.
    upload.part(7, third.clone()).await;
    upload.part(2, noise(9, 5 * MIB)).await;
    upload.part(1, first.clone()).await;
    upload.parts.clear();
    upload.part(2, second.clone()).await;
    let listed = bench
        .client
        .list_parts()
        .bucket(&bench.bucket)
        .key("dir/video")
        .upload_id(&upload.id);
    let listed = listed.send().await.expect("parts");
    let parts = listed.parts();
    assert_eq!(
        parts
            .iter()
            .filter_map(|part| part.part_number())
            .collect::<Vec<_>>(),
        [1, 2, 7]
    );
    assert_eq!(
        parts
            .iter()
            .filter_map(|part| part.size())
            .collect::<Vec<_>>(),
        [5 << 20, 6 << 20, 100]
    );
    let uploads = bench
        .client
        .list_multipart_uploads()
        .bucket(&bench.bucket)
        .send()
        .await
        .expect("uploads");
    assert_eq!(uploads.uploads().len(), 1);
    assert_eq!(
        refusal(
            bench
                .client
                .get_object()
                .bucket(&bench.bucket)
                .key("dir/video")
                .send()
                .await
        )
        .0,
        404
    );

    let named = parts.iter().map(|part| {
        let named = CompletedPart::builder().set_part_number(part.part_number());
        named.set_e_tag(part.e_tag.clone()).build()
    });
    let done = upload
        .complete_with(named.collect())
        .send()
        .await
        .expect("complete");
    assert!(done.e_tag().expect("an ETag").ends_with("-3\""));
    let get = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key("dir/video")
        .send()
        .await
        .expect("get");
    assert_eq!(
        (get.e_tag(), get.content_type()),
        (done.e_tag(), Some("video/mp4"))
    );
    assert_eq!(
        get.metadata()
            .and_then(|metadata| metadata.get("m"))
            .map(String::as_str),
        Some("v")
    );
    let whole = [first, second.clone(), third].concat();
    assert!(get.body.collect().await.expect("body").to_vec() == whole);
    let part = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key("dir/video")
        .part_number(2)
        .send()
        .await
        .expect("get");
    assert_eq!(part.parts_count(), Some(3));
    assert!(part.body.collect().await.expect("body").to_vec() == second);
    let uploads = bench
        .client
        .list_multipart_uploads()
        .bucket(&bench.bucket)
        .send()
        .await
        .expect("uploads");
    assert_eq!(uploads.uploads().len(), 0);

    // A copy in one piece has an ETag in one piece, and the same bytes.
    let copy = bench.client.copy_object().bucket(&bench.bucket).key("copy");
    let copy = copy
        .copy_source(format!("{}/dir/video", bench.bucket))
        .send()
        .await
        .expect("copy");
    let copied = copy
        .copy_object_result()
        .and_then(|result| result.e_tag())
        .expect("an ETag");
    assert_eq!(copied.len(), 34);
    assert!(bench.get("copy").await == whole);
    bench.finish().await;
}

#[tokio::test]
async fn the_etag_is_the_md5_of_the_md5s() {
    let bench = Bench::new().await;
    let mut upload = Upload::begin(&bench, "k").await;
    assert_eq!(
        upload.part(1, b"abc".to_vec()).await,
        "\"900150983cd24fb0d6963f7d28e17f72\""
    );
    let done = upload.complete().send().await.expect("complete");
    assert_eq!(done.e_tag(), Some("\"af5da9f45af7a300e3aded972f8ff687-1\""));
    // The answer may get lost; asking again is no error.
    let again = upload.complete().send().await.expect("complete again");
    assert_eq!(again.e_tag(), done.e_tag());
    bench.finish().await;
}

#[tokio::test]
async fn a_completion_is_checked() {
    let bench = Bench::new().await;
    let mut upload = Upload::begin(&bench, "k").await;
    upload.part(1, vec![0; 1000]).await;
    upload.part(2, vec![0; 1000]).await;
    assert_eq!(
        refusal(upload.complete().send().await),
        code(400, "EntityTooSmall")
    );
    let reversed = upload.parts.iter().rev().cloned().collect();
    assert_eq!(
        refusal(upload.complete_with(reversed).send().await),
        code(400, "InvalidPartOrder")
    );
    let named = |number, etag: &str| {
        vec![
            CompletedPart::builder()
                .part_number(number)
                .e_tag(etag)
                .build(),
        ]
    };
    let other = upload.complete_with(named(1, "\"0cc175b9c0f1b6a831c399e269772661\""));
    assert_eq!(refusal(other.send().await), code(400, "InvalidPart"));
    let etag = upload.parts[0].e_tag.clone().expect("an ETag");
    assert_eq!(
        refusal(upload.complete_with(named(3, &etag)).send().await),
        code(400, "InvalidPart")
    );
    assert_eq!(
        refusal(upload.complete_with(Vec::new()).send().await),
        code(400, "MalformedXML")
    );
    upload
        .complete_with(named(1, &etag))
        .send()
        .await
        .expect("one part is enough");
    bench.finish().await;
}

#[tokio::test]
async fn a_completion_has_conditions() {
    let bench = Bench::new().await;
    let mut upload = Upload::begin(&bench, "k").await;
    upload.part(1, b"new".to_vec()).await;
    assert_eq!(
        refusal(upload.complete().if_match("\"x\"").send().await),
        code(404, "NoSuchKey")
    );
    let etag = bench.put("k", "old").await;
    assert_eq!(
        refusal(upload.complete().if_none_match("*").send().await),
        code(412, "PreconditionFailed")
    );
    assert_eq!(
        refusal(upload.complete().if_match("\"x\"").send().await),
        code(412, "PreconditionFailed")
    );
    assert_eq!(bench.get("k").await, b"old");
    upload
        .complete()
        .if_match(etag)
        .send()
        .await
        .expect("the one that was seen");
    assert_eq!(bench.get("k").await, b"new");
    bench.finish().await;
}

#[tokio::test]
async fn an_aborted_upload_is_gone() {
    let bench = Bench::new().await;
    let mut upload = Upload::begin(&bench, "k").await;
    upload.part(1, b"abc".to_vec()).await;
    let abort = || {
        bench
            .client
            .abort_multipart_upload()
            .bucket(&bench.bucket)
            .key("k")
            .upload_id(&upload.id)
    };
    abort().send().await.expect("abort");
    let gone = code(404, "NoSuchUpload");
    assert_eq!(refusal(abort().send().await), gone);
    assert_eq!(refusal(upload.complete().send().await), gone);
    let part = bench
        .client
        .upload_part()
        .bucket(&bench.bucket)
        .key("k")
        .upload_id(&upload.id)
        .part_number(1);
    assert_eq!(refusal(part.send().await), gone);
    let part = bench
        .client
        .upload_part()
        .bucket(&bench.bucket)
        .key("k")
        .upload_id(&upload.id)
        .part_number(10_001);
    assert_eq!(refusal(part.send().await), code(400, "InvalidArgument"));
    bench.finish().await;
}

#[tokio::test]
async fn parts_are_copied_from_objects() {
    let bench = Bench::new().await;
    let bytes = noise(5, 8 * MIB);
    bench.put("from", bytes.clone()).await;
    let mut upload = Upload::begin(&bench, "to").await;
    let copy = |number: i32, range: Option<&str>| {
        let copy = bench
            .client
            .upload_part_copy()
            .bucket(&bench.bucket)
            .key("to")
            .upload_id(&upload.id);
        let copy = copy
            .part_number(number)
            .copy_source(format!("{}/from", bench.bucket));
        copy.set_copy_source_range(range.map(str::to_owned))
    };
    let mut parts = Vec::new();
    for (number, range) in [(1, None), (2, Some("bytes=1000-1999"))] {
        let part = copy(number, range)
            .send()
            .await
            .expect("a part")
            .copy_part_result
            .expect("a result");
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag)
                .build(),
        );
    }
    let beyond = format!("bytes=0-{}", bytes.len());
    assert_eq!(
        refusal(copy(3, Some(&beyond)).send().await),
        code(400, "InvalidArgument")
    );
    upload.parts = parts;
    upload.complete().send().await.expect("complete");
    assert!(bench.get("to").await == [&bytes, &bytes[1000..2000]].concat());
    bench.finish().await;
}

#[tokio::test]
async fn checksums_of_parts_and_of_the_whole() {
    let bench = Bench::new().await;
    let whole = [noise(1, 5 * MIB), noise(2, 77)];
    for (algorithm, kind) in [
        (ChecksumAlgorithm::Crc32, ChecksumType::Composite),
        (ChecksumAlgorithm::Sha256, ChecksumType::Composite),
        (ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc32C, ChecksumType::FullObject),
    ] {
        let create = bench
            .client
            .create_multipart_upload()
            .bucket(&bench.bucket)
            .key("k");
        let create = create
            .checksum_algorithm(algorithm.clone())
            .checksum_type(kind.clone())
            .send()
            .await
            .expect("create");
        let id = create.upload_id.expect("an id");
        let mut parts = Vec::new();
        for (number, bytes) in (1..).zip(&whole) {
            let part = bench
                .client
                .upload_part()
                .bucket(&bench.bucket)
                .key("k")
                .upload_id(&id)
                .part_number(number);
            let part = part
                .checksum_algorithm(algorithm.clone())
                .body(bytes.clone().into())
                .send()
                .await
                .expect("part");
            let named = CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag);
            let named = named
                .set_checksum_crc32(part.checksum_crc32)
                .set_checksum_crc32_c(part.checksum_crc32_c);
            let named = named.set_checksum_sha256(part.checksum_sha256);
            parts.push(
                named
                    .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
                    .build(),
            );
        }
        let upload = Upload {
            bench: &bench,
            key: "k",
            id,
            parts,
        };
        let done = upload
            .complete()
            .checksum_type(kind.clone())
            .send()
            .await
            .expect("complete");
        assert_eq!(done.checksum_type(), Some(&kind));
        // The SDK verifies a checksum of the whole while it reads.
        let get = bench
            .client
            .get_object()
            .bucket(&bench.bucket)
            .key("k")
            .checksum_mode(ChecksumMode::Enabled);
        let get = get.send().await.expect("get");
        assert_eq!(get.checksum_type(), Some(&kind));
        assert!(
            get.body
                .collect()
                .await
                .expect("body, as its checksum says")
                .to_vec()
                == whole.concat()
        );
    }
    bench.finish().await;
}
