//! Access control lists, as in a bucket whose owner is enforced, which is S3's default (S3 User
//! Guide, "Controlling ownership of objects and disabling ACLs"): all belongs to the one key pair,
//! what says so is taken, and whatever would open something to others is refused, since it would
//! not be open. Readers come through the web server.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::owner;
use crate::s3::store::Store;

/// Refuses the ACL headers of a request that would give somebody else something.
pub(super) fn refuse_acl<T>(req: &S3Request<T>) -> S3Result<()> {
    let canned = req.headers.get("x-amz-acl");
    let says_nothing_new = canned.is_none_or(|acl| {
        [b"private".as_slice(), b"bucket-owner-full-control"].contains(&acl.as_bytes())
    });
    let grants = req
        .headers
        .keys()
        .any(|name| name.as_str().starts_with("x-amz-grant-"));
    if says_nothing_new && !grants {
        Ok(())
    } else {
        Err(not_supported())
    }
}

pub(super) async fn get_bucket_acl(
    store: &Store,
    req: S3Request<GetBucketAclInput>,
) -> S3Result<GetBucketAclOutput> {
    store.bucket(&req.input.bucket)?;
    Ok(GetBucketAclOutput {
        grants: Some(vec![full_control()]),
        owner: Some(owner()),
    })
}

pub(super) async fn get_object_acl(
    store: &Store,
    req: S3Request<GetObjectAclInput>,
) -> S3Result<GetObjectAclOutput> {
    let key = req.input.key;
    store
        .in_bucket(&req.input.bucket, move |bucket| bucket.open_object(&key))
        .await?;
    Ok(GetObjectAclOutput {
        grants: Some(vec![full_control()]),
        owner: Some(owner()),
        ..Default::default()
    })
}

pub(super) async fn put_bucket_acl(
    store: &Store,
    req: S3Request<PutBucketAclInput>,
) -> S3Result<PutBucketAclOutput> {
    store.bucket(&req.input.bucket)?;
    refuse_acl(&req)?;
    refuse_policy(req.input.access_control_policy.as_ref())?;
    Ok(PutBucketAclOutput::default())
}

pub(super) async fn put_object_acl(
    store: &Store,
    req: S3Request<PutObjectAclInput>,
) -> S3Result<PutObjectAclOutput> {
    refuse_acl(&req)?;
    refuse_policy(req.input.access_control_policy.as_ref())?;
    let key = req.input.key;
    store
        .in_bucket(&req.input.bucket, move |bucket| bucket.open_object(&key))
        .await?;
    Ok(PutObjectAclOutput::default())
}

/// A list that gives something to the owner, and nobody else anything, is what holds anyway.
fn refuse_policy(policy: Option<&AccessControlPolicy>) -> S3Result<()> {
    let grants = policy
        .and_then(|policy| policy.grants.as_deref())
        .unwrap_or_default();
    let is_owner = |grant: &Grant| {
        let grantee = grant.grantee.as_ref();
        grantee.is_some_and(|grantee| grantee.id == owner().id && grantee.uri.is_none())
    };
    if grants.iter().all(is_owner) {
        Ok(())
    } else {
        Err(not_supported())
    }
}

fn not_supported() -> S3Error {
    s3_error!(
        AccessControlListNotSupported,
        "The bucket does not allow ACLs: nothing in it is open to others, and the site is read through the web server. \
         Leave the ACL out (x-amz-acl, x-amz-grant-*)."
    )
}

fn full_control() -> Grant {
    Grant {
        grantee: Some(Grantee {
            display_name: owner().display_name,
            email_address: None,
            id: owner().id,
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    }
}
