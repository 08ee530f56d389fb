//! The S3 operations. Each is unpacked, checked against [`super::limits`], and handed to the
//! store; what is not here answers `NotImplemented`, as the protocol layer does by default.

mod acl;
mod attributes;
mod cors;
mod delete;
mod headers;
mod list;
mod read;
mod upload;
mod write;

use s3s::dto::*;
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::conditions::timestamp;
use super::error::StoreError;
use super::events::Caller;
use super::server::REGION;
use super::store::Store;

/// The store behind the protocol.
pub(super) struct Service {
    pub store: Store,
}

/// One operation, answered by the function of the same name.
macro_rules! operation {
    ($module:ident :: $name:ident, $service:ident, $request:ident) => {
        $module::$name(&$service.store, $request)
            .await
            .map(S3Response::new)
            .map_err(|error| told(&$service.store, error))
    };
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn list_buckets(
        &self,
        req: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        operation!(list::list_buckets, self, req)
    }

    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        acl::refuse_acl(&req)?;
        // In us-east-1 it is no error that the bucket is there already (API reference,
        // `CreateBucket`).
        let made = self.store.create_bucket(&req.input.bucket).await;
        made.map_err(|error| told(&self.store, error.into()))?;
        let location = Some(format!("/{}", req.input.bucket));
        Ok(S3Response::new(CreateBucketOutput { location }))
    }

    async fn head_bucket(
        &self,
        req: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.store.bucket(&req.input.bucket)?;
        let bucket_region = Some(REGION.to_owned());
        Ok(S3Response::new(HeadBucketOutput {
            bucket_region,
            ..Default::default()
        }))
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.store.delete_bucket(&req.input.bucket).await?;
        let mut response = S3Response::new(DeleteBucketOutput::default());
        response.status = Some(http::StatusCode::NO_CONTENT);
        Ok(response)
    }

    /// `us-east-1` is said by saying nothing.
    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.store.bucket(&req.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    /// Versioning was never enabled: no status.
    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.store.bucket(&req.input.bucket)?;
        Ok(S3Response::new(GetBucketVersioningOutput::default()))
    }

    async fn put_bucket_cors(
        &self,
        req: S3Request<PutBucketCorsInput>,
    ) -> S3Result<S3Response<PutBucketCorsOutput>> {
        operation!(cors::put_bucket_cors, self, req)
    }

    async fn get_bucket_cors(
        &self,
        req: S3Request<GetBucketCorsInput>,
    ) -> S3Result<S3Response<GetBucketCorsOutput>> {
        operation!(cors::get_bucket_cors, self, req)
    }

    async fn delete_bucket_cors(
        &self,
        req: S3Request<DeleteBucketCorsInput>,
    ) -> S3Result<S3Response<DeleteBucketCorsOutput>> {
        let answered = operation!(cors::delete_bucket_cors, self, req);
        answered.map(|mut response| {
            response.status = Some(http::StatusCode::NO_CONTENT);
            response
        })
    }

    async fn get_bucket_acl(
        &self,
        req: S3Request<GetBucketAclInput>,
    ) -> S3Result<S3Response<GetBucketAclOutput>> {
        operation!(acl::get_bucket_acl, self, req)
    }

    async fn get_object_acl(
        &self,
        req: S3Request<GetObjectAclInput>,
    ) -> S3Result<S3Response<GetObjectAclOutput>> {
        operation!(acl::get_object_acl, self, req)
    }

    async fn put_bucket_acl(
        &self,
        req: S3Request<PutBucketAclInput>,
    ) -> S3Result<S3Response<PutBucketAclOutput>> {
        operation!(acl::put_bucket_acl, self, req)
    }

    async fn put_object_acl(
        &self,
        req: S3Request<PutObjectAclInput>,
    ) -> S3Result<S3Response<PutObjectAclOutput>> {
        operation!(acl::put_object_acl, self, req)
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        operation!(list::list_objects, self, req)
    }

    async fn list_object_versions(
        &self,
        req: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        operation!(list::list_object_versions, self, req)
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        operation!(list::list_objects_v2, self, req)
    }

    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        operation!(read::get_object, self, req)
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let answered = read::head_object(&self.store, req).await;
        answered.map_err(|error| told(&self.store, error))
    }

    async fn get_object_attributes(
        &self,
        req: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        operation!(attributes::get_object_attributes, self, req)
    }

    async fn put_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        operation!(write::put_object, self, req)
    }

    async fn copy_object(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        operation!(write::copy_object, self, req)
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        operation!(delete::delete_object, self, req)
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        operation!(delete::delete_objects, self, req)
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        operation!(upload::create_multipart_upload, self, req)
    }

    async fn upload_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        operation!(upload::upload_part, self, req)
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        operation!(upload::upload_part_copy, self, req)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        operation!(upload::complete_multipart_upload, self, req)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        operation!(upload::abort_multipart_upload, self, req)
    }

    async fn list_parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        operation!(upload::list_parts, self, req)
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        operation!(list::list_multipart_uploads, self, req)
    }
}

/// What goes wrong here is told on the terminal: the client learns no more than that it did.
fn told(store: &Store, error: S3Error) -> S3Error {
    let source = error.source();
    if let Some(source) = source.and_then(|source| source.downcast_ref::<StoreError>()) {
        store.shared().notices.tell(&source.to_string());
    }
    error
}

/// Who asks, for the event.
fn caller<T>(req: &S3Request<T>) -> S3Result<Caller> {
    let caller = req.extensions.get::<Caller>();
    let mut caller = caller
        .cloned()
        .ok_or_else(|| s3_error!(InternalError, "the request has no id"))?;
    if let Some(credentials) = &req.credentials {
        caller.access_key.clone_from(&credentials.access_key);
    }
    Ok(caller)
}

/// What stands for the version of an object in a bucket that never had versions.
const NULL_VERSION: &str = "null";

/// There are no versions: the only id is that of the null version.
fn refuse_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some(NULL_VERSION) => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion, "the bucket has no versions")),
    }
}

fn owner() -> Owner {
    Owner {
        display_name: Some("quillfront".into()),
        id: Some("quillfront".into()),
    }
}
