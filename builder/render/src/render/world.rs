//! All that a render may look at. [`scope`] is how template functions get at it.

use super::generated::{GeneratedFiles, Indexes};
use super::originals::{AllMetadata, ExaminedPictures};
use super::published::PublishedPictures;
use super::scope;
use super::templates::Templates;
use crate::remote::{Answers, Request};
use crate::sass::Sheets;
use crate::search::Records;
use crate::security::HeaderSources;
use quillfront_headers::Rules;
use quillfront_image_urls::Version;
use quillfront_images::{Job, Probe};
use quillfront_site::config::Config;
use quillfront_site::edge_files::EdgeFiles;
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::library::Library;
use quillfront_site::quillfront_toml::OwnConfig;
use quillfront_site::source::Sources;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Files that rendering asked for: their bytes, or that they are not there.
pub type Inputs = BTreeMap<SourceKey, Option<Arc<[u8]>>>;

/// What is known of a picture that was asked for; else why nothing is.
pub type MeasureResult = Result<Measure, String>;

/// What is known of a picture. Its bytes are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Its header.
    pub probe: Probe,
    /// A name for its bytes.
    pub content: Fingerprint,
    /// The same in the URLs of its thumbnails, where it is published as it is.
    pub version: Version,
    /// Whether it moves.
    pub is_animated: bool,
}

/// Pictures to be made: output key to the original and what to make of it.
pub type Pictures = BTreeMap<OutputKey, (SourceKey, Job)>;

/// What a render lacked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whose bytes are wanted.
    pub files: BTreeSet<SourceKey>,
    /// Pictures whose header is wanted, or what they tell.
    pub pictures: BTreeSet<SourceKey>,
    /// Requests whose answer is wanted.
    pub requests: BTreeSet<Request>,
    /// Content and data files whose text is kept elsewhere.
    pub texts: BTreeSet<SourceKey>,
    /// Content files whose body is shown, and was not rendered in this build.
    pub bodies: BTreeSet<SourceKey>,
    /// True where the records of earlier builds are wanted, to make a search index.
    pub records: bool,
    /// Search indexes whose bytes are wanted.
    pub indexes: BTreeSet<OutputKey>,
}

impl Needs {
    /// True where nothing was lacking.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in what another render lacked.
    pub fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.pictures.extend(other.pictures);
        self.requests.extend(other.requests);
        self.texts.extend(other.texts);
        self.bodies.extend(other.bodies);
        self.records |= other.records;
        self.indexes.extend(other.indexes);
    }
}

/// What is set from outside, for a whole build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `config.mode` in templates: `build`, `serve` or `check`.
    pub mode: &'static str,
    /// In place of the `base_url` of the configuration.
    pub base_url: Option<String>,
    /// Publish drafts.
    pub drafts: bool,
    /// Minify pages, whatever the configuration says.
    pub minify: bool,
    /// The time that templates see.
    pub now: jiff::Timestamp,
    /// Which of the site's files the sources list.
    pub listing: Listing,
    /// Takes every page and section as accepted, as the effective sources of a published site are: none goes
    /// back, and links that lead nowhere are warnings.
    pub all_accepted: bool,
}

/// Which of a site's files its sources list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All of them, as in a bucket.
    All,
    /// Those in the folders of the site model: a template may name others, and they are asked for.
    SiteFolders,
}

/// Which content files have been accepted: their own outputs could be made with the bytes that they have.
/// What breaks them now came from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// All but these.
    AllBut(BTreeSet<SourceKey>),
    /// None.
    Nobody,
}

impl Default for Trust {
    fn default() -> Self {
        Self::AllBut(BTreeSet::new())
    }
}

impl Trust {
    /// True for a file that has been accepted.
    pub fn is_trusted(&self, key: &str) -> bool {
        match self {
            Self::AllBut(others) => !others.contains(key),
            Self::Nobody => false,
        }
    }
}

/// The site, ready to be rendered. Immutable.
#[derive(Clone)]
pub struct World {
    /// `config.toml`, with the theme's `extra`.
    pub config: Arc<Config>,
    /// `quillfront.toml`.
    pub own: Arc<OwnConfig>,
    /// `_redirects` and `_headers`.
    pub edge_files: Arc<EdgeFiles>,
    /// What the edge is told of the site.
    pub rules: Arc<Rules>,
    /// From outside.
    pub settings: Arc<Settings>,
    /// Pages, sections, taxonomies.
    pub library: Arc<Library>,
    /// The engine.
    pub templates: Arc<Templates>,
    /// The effective sources.
    pub sources: Arc<Sources>,
    /// What earlier rounds asked for.
    pub inputs: Arc<Inputs>,
    /// What came from the network.
    pub answers: Arc<Answers>,
    /// Pictures that earlier rounds asked for.
    pub measured: Arc<BTreeMap<SourceKey, MeasureResult>>,
    /// Pictures whose metadata is looked at.
    pub examined: Arc<ExaminedPictures>,
    /// What is known of it.
    pub metadata: Arc<AllMetadata>,
    /// What is made from `sass/`.
    pub styles: Arc<Sheets>,
    /// What else is made without a template.
    pub generated: Arc<GeneratedFiles>,
    /// Pictures that are published as they are.
    pub published: Arc<PublishedPictures>,
    /// Search indexes that earlier rounds asked for.
    pub indexes: Arc<Indexes>,
    /// Texts that are kept elsewhere, as far as they were asked for.
    pub texts: Arc<BTreeMap<SourceKey, Arc<str>>>,
    /// What earlier builds know of bodies for the search index; none where it was not read yet.
    pub records: Option<Arc<Records>>,
    /// Which content files were published before as they are.
    pub trust: Arc<Trust>,
    /// True where what a render asks for is noted.
    pub traced: bool,
}

impl World {
    /// What headers are made of, beside what pages run and load.
    pub fn header_sources(&self) -> HeaderSources<'_> {
        HeaderSources {
            security: self.own.security.as_ref(),
            rules: Some(&self.edge_files.headers),
        }
    }

    /// The text of a source. Where it is kept elsewhere, it is noted as needed.
    pub fn text(&self, key: &str) -> Option<&Arc<str>> {
        let text = self.sources.text(key).or_else(|| self.texts.get(key));
        if text.is_none() && self.sources.is_elsewhere(key) {
            scope::need_text(SourceKey::from(key));
        }
        text
    }

    /// The key of an output that is made without a template.
    pub fn made(&self, key: &str) -> Option<&OutputKey> {
        self.styles.key(key).or_else(|| self.generated.key(key))
    }
}
