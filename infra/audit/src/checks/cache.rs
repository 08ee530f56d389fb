//! What makes answers different, and how long they stay (CloudFront guide, "Control the cache key").

use super::{Check, Mended, Outcome};
use crate::finding::Severity;
use crate::observed::Observed;
use crate::view::Behaviour;
use crate::xml::Element;

/// AWS's managed cache policies with a minimum above zero or with wide keys on purpose
/// (CloudFront guide, "Use managed cache policies"): not a setting that anybody can mend.
pub(crate) const MANAGED: [&str; 11] = [
    "658327ea-f89d-4fab-a63d-7e88639e58f6", // CachingOptimized
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d", // CachingOptimizedForUncompressedObjects
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", // CachingDisabled
    "08627262-05a9-4f76-9ded-b50ca2e3a84f", // Elemental-MediaPackage
    "2e54312d-136d-493c-8eb9-b001f22f67d2", // Amplify
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65", // UseOriginCacheControlHeaders
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe", // UseOriginCacheControlHeaders-QueryStrings
    "4d1d2f1d-3a71-49ad-9e08-7ea5d843a556", // Amplify-Default
    "a6bad946-36c3-4c33-aa98-362c74a7fb13", // Amplify-DefaultNoCookies
    "1c6db51a-a33f-469a-8245-dae26771f530", // Amplify-ImageOptimization
    "7e5fad67-ee98-4ad0-b05a-394999eefc1a", // Amplify-StaticContent
];

/// How a behaviour caches: its own cache policy, or the old settings in the behaviour.
enum Caching<'a> {
    Policy(&'a Element),
    Legacy(&'a Element),
}

/// Calls back for each behaviour with how it caches, managed policies left out.
fn each<'a>(
    observed: &'a Observed,
    out: &mut Outcome,
    mut look: impl FnMut(&mut Outcome, Behaviour<'a>, Caching<'a>),
) {
    let Some(config) = out.config(observed) else {
        return;
    };
    for behaviour in config.behaviours() {
        match behaviour.text("CachePolicyId") {
            Some(id) if MANAGED.contains(&id.as_str()) => {}
            Some(id) => {
                let seen = observed.cache_policies.get(&id);
                if let Some(document) = out.entry(&behaviour.place(), seen) {
                    let root = document.root();
                    let policy = root.child("CachePolicyConfig").unwrap_or(root);
                    look(out, behaviour, Caching::Policy(policy));
                }
            }
            None => look(out, behaviour, Caching::Legacy(behaviour.element)),
        }
    }
}

impl Caching<'_> {
    fn headers(&self) -> Vec<String> {
        match self {
            Self::Policy(policy) => policy.texts(&key("HeadersConfig/Headers")),
            Self::Legacy(behaviour) => behaviour.texts("ForwardedValues/Headers"),
        }
    }

    fn has_all_cookies(&self) -> bool {
        let all = |text: Option<String>| matches!(text.as_deref(), Some("all" | "allExcept"));
        match self {
            Self::Policy(policy) => all(policy.text_at(&key("CookiesConfig/CookieBehavior"))),
            Self::Legacy(behaviour) => all(behaviour.text_at("ForwardedValues/Cookies/Forward")),
        }
    }

    fn has_all_queries(&self) -> bool {
        match self {
            Self::Policy(policy) => {
                let kind = policy.text_at(&key("QueryStringsConfig/QueryStringBehavior"));
                matches!(kind.as_deref(), Some("all" | "allExcept"))
            }
            Self::Legacy(behaviour) => {
                behaviour.is_true("ForwardedValues/QueryString")
                    && behaviour
                        .items("ForwardedValues/QueryStringCacheKeys")
                        .is_empty()
            }
        }
    }

    fn min_ttl_seconds(&self) -> u64 {
        let (Self::Policy(element) | Self::Legacy(element)) = self;
        element.number_at("MinTTL").unwrap_or(0)
    }
}

fn key(path: &str) -> String {
    format!("ParametersInCacheKeyAndForwardedToOrigin/{path}")
}

/// Headers that are different for nearly every reader, or that break what is signed.
const BAD_IN_A_KEY: [(&str, &str); 9] = [
    ("*", "nothing is cached"),
    ("accept", "browsers write it in hundreds of ways"),
    ("accept-language", "it is different for nearly every reader"),
    ("cookie", "it is different for every reader"),
    (
        "host",
        "each alias has its own copy, and signed origins answer 403",
    ),
    ("referer", "it is different for every page that links here"),
    ("user-agent", "it is different for nearly every reader"),
    ("x-forwarded-for", "it is different for every reader"),
    ("date", "it is different for every request"),
];

pub(super) const HEADERS: Check = Check {
    id: "cache-key-headers",
    severity: Severity::Medium,
    title: "The cache key has no header that is different for every reader",
    why: "Each value has its own copy: little is cached, and the origin is asked and paid for again and again.",
    mend: "Take the header out of the cache policy; an origin request policy sends it without making it part of the key.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, behaviour, caching| {
            for name in caching.headers() {
                let name = name.to_ascii_lowercase();
                if let Some((_, why)) = BAD_IN_A_KEY.iter().find(|(bad, _)| *bad == name) {
                    out.flag(
                        behaviour.place(),
                        format!("the key has the header `{name}`: {why}"),
                    );
                }
            }
        });
    },
};

pub(super) const COOKIES: Check = Check {
    id: "cache-key-cookies",
    severity: Severity::Medium,
    title: "The cache key has no cookies but named ones",
    why: "Cookies of analytics make each reader's copy another one.",
    mend: "Name the cookies that the answer depends on, or none.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, behaviour, caching| {
            if caching.has_all_cookies() {
                out.flag(behaviour.place(), "all cookies are part of the key");
            }
        });
    },
};

pub(super) const QUERY: Check = Check {
    id: "cache-key-query",
    severity: Severity::Low,
    title: "The cache key has no query strings but named ones",
    why: "Anyone can ask for the same page under endless addresses, each of which goes to the origin.",
    mend: "Name the parameters that the answer depends on, or none.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, behaviour, caching| {
            if caching.has_all_queries() {
                out.flag(behaviour.place(), "all query strings are part of the key");
            }
        });
    },
};

pub(super) const MIN_TTL: Check = Check {
    id: "min-ttl",
    severity: Severity::Medium,
    title: "The minimum TTL is zero",
    why: "Above zero CloudFront keeps even what says `no-store` or `private`, and shows it to others.",
    mend: "Set the minimum TTL to 0, and let the origin say how long.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, behaviour, caching| {
            let seconds = caching.min_ttl_seconds();
            if seconds > 0 {
                out.flag(behaviour.place(), format!("the minimum TTL is {seconds} s"));
            }
        });
    },
};

pub(super) const LEGACY: Check = Check {
    id: "legacy-cache-settings",
    severity: Severity::Low,
    title: "Behaviours use cache policies",
    why: "The old settings send to the origin all that is part of the key, do not take Brotli, and flat-rate plans forbid them.",
    mend: "Give the behaviour a cache policy that does the same.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, behaviour, caching| {
            if let Caching::Legacy(_) = caching {
                out.flag(behaviour.place(), "it has no cache policy");
            }
        });
    },
};

pub(super) const METHODS: Check = Check {
    id: "methods",
    severity: Severity::Medium,
    title: "Buckets are only read",
    why: "A site of files needs GET, HEAD and OPTIONS; a policy that is too wide then lets readers write.",
    mend: "Allow GET and HEAD, or GET, HEAD and OPTIONS.",
    mended: Mended::ByName,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            let targets = config.targets(&behaviour.target());
            let mut methods = behaviour.element.texts("AllowedMethods");
            methods.retain(|method| !["GET", "HEAD", "OPTIONS"].contains(&method.as_str()));
            if !methods.is_empty() && targets.iter().any(|origin| origin.bucket().is_some()) {
                out.flag(
                    behaviour.place(),
                    format!("it allows {}", methods.join(", ")),
                );
            }
        }
    },
};
