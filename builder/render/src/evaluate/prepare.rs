//! What is known of a site before anything of it is rendered: its configuration, its pages and the plan.

use super::{Evaluation, Options};
use crate::graph::reach;
use crate::render::generated::GeneratedFiles;
use crate::render::originals::ExaminedPictures;
use crate::render::published::PublishedPictures;
use crate::render::templates::Templates;
use crate::render::world::{Inputs, Settings, World};
use crate::sass::Sheets;
use crate::security::{self, HeaderSources};
use jiff::Timestamp;
use quillfront_headers::{Domains, Rules};
use quillfront_site::config::Config;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::edge_files::EdgeFiles;
use quillfront_site::fingerprint::Mark;
use quillfront_site::library;
use quillfront_site::library::schedule::Schedule;
use quillfront_site::misplaced::misplaced;
use quillfront_site::plan::{self, Plan};
use quillfront_site::quillfront_toml::{self, AllowedHosts, OwnConfig};
use quillfront_site::source::Sources;
use std::sync::Arc;

/// A site whose sources were read, and whose outputs are planned.
pub struct PreparedSite {
    pub(super) world: World,
    pub(super) plan: Plan,
    /// Of which pages and sections there are.
    pub(super) pages: Mark,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Why there is nothing to evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// No configuration: a site that is still being uploaded, or none at all.
    NoConfig,
    /// There is one, but it was never good.
    BrokenConfig(Vec<Diagnostic>),
}

impl PreparedSite {
    /// Reads the configuration, the content and the templates, and plans the site.
    ///
    /// # Errors
    /// Without a configuration there is no site.
    pub fn new(sources: Arc<Sources>, settings: Settings) -> Result<Self, Unready> {
        let up_to = settings.now;
        Self::up_to(sources, settings, up_to)
    }

    /// The same, of all that is due up to a moment after `settings.now`, which moves on to the
    /// last time at which something of it was due.
    ///
    /// # Errors
    /// Without a configuration there is no site.
    pub fn up_to(
        sources: Arc<Sources>,
        mut settings: Settings,
        up_to: Timestamp,
    ) -> Result<Self, Unready> {
        let mut diagnostics = Vec::new();
        let config = read_config(&sources, &settings, &mut diagnostics);
        let (config, own) = match (config, OwnConfig::of(sources.text(quillfront_toml::KEY))) {
            (Ok(config), Ok(own)) => (config, own),
            (Err(unready), Ok(_)) | (Err(unready @ Unready::NoConfig), Err(_)) => {
                return Err(unready);
            }
            (Ok(_), Err(problems)) => return Err(Unready::BrokenConfig(problems)),
            (Err(Unready::BrokenConfig(mut problems)), Err(more)) => {
                problems.extend(more);
                return Err(Unready::BrokenConfig(problems));
            }
        };
        // What is wrong with a file that the site passes over is nobody's business.
        // What waits is told with what else fails for the same reason.
        let looked_at = sources.iter();
        let looked_at =
            looked_at.filter(|(key, source)| !config.ignores(key) && !source.is_waiting());
        diagnostics.extend(looked_at.flat_map(|(_, source)| source.problems.iter().cloned()));
        let schedule = Schedule {
            publishing: &own.publishing,
            up_to,
        };
        let edge_files = EdgeFiles::of(&config, &own, &sources);
        diagnostics.extend(edge_files.problems.iter().cloned());
        let (templates, (library, mut problems)) = rayon::join(
            || Templates::load(&sources, config.theme.as_deref()),
            || library::build(&sources, &config, settings.drafts, schedule),
        );
        settings.now = schedule.moved(settings.now, &library);
        diagnostics.append(&mut problems);
        diagnostics.extend(library.held_told());
        diagnostics.extend(misplaced(&sources));
        if settings.base_url.is_none() {
            diagnostics.extend(own.edge.told(&config.base_url));
        }
        let ((plan, mut problems), pages) = rayon::join(
            || plan::plan(&config, &own, &library, &sources, &edge_files),
            || reach::pages(&library),
        );
        diagnostics.append(&mut problems);
        diagnostics.extend(templates.broken.values().cloned());
        let styles = Sheets::of(plan::style_sheets_of(&plan), &sources);
        let header_sources = HeaderSources {
            security: own.security.as_ref(),
            rules: Some(&edge_files.headers),
        };
        let rules = Rules {
            domains: Domains::of(&config.base_url, &own.edge.domains),
            images: own.images.settings.clone(),
            ..security::rules(header_sources, edge_files.redirects.clone())
        };
        let published = PublishedPictures::of(&own.images, &plan);
        let examined = ExaminedPictures::of(&own.images, &plan);
        let world = World {
            config: Arc::new(config),
            own: Arc::new(own),
            edge_files: Arc::new(edge_files),
            rules: Arc::new(rules),
            settings: Arc::new(settings),
            library: Arc::new(library),
            templates: Arc::new(templates),
            sources,
            inputs: Arc::new(Inputs::new()),
            answers: Arc::default(),
            measured: Arc::default(),
            examined: Arc::new(examined),
            metadata: Arc::default(),
            styles: Arc::new(styles),
            generated: Arc::new(GeneratedFiles::of(&plan)),
            published: Arc::new(published),
            indexes: Arc::default(),
            texts: Arc::default(),
            records: Some(Arc::default()),
            trust: Arc::default(),
            traced: false,
        };
        Ok(Self {
            world,
            plan,
            pages,
            diagnostics,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where answers may come from.
    pub fn allowed_hosts(&self) -> AllowedHosts {
        self.world.own.allowed_hosts.clone()
    }

    /// Begins to render the site.
    pub fn evaluate<Kept: Send>(self, options: Options) -> Evaluation<Kept> {
        Evaluation::begin(self, options)
    }
}

fn read_config(
    sources: &Sources,
    settings: &Settings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Config, Unready> {
    let key = plan::config_key(sources);
    let Some(text) = sources.text(key.as_str()) else {
        let broken = plan::CONFIGS.iter().filter_map(|key| sources.get(key));
        let problems: Vec<Diagnostic> = broken.flat_map(|one| one.problems.clone()).collect();
        return Err(if problems.is_empty() {
            Unready::NoConfig
        } else {
            Unready::BrokenConfig(problems)
        });
    };
    let mut config = Config::parse(key.as_str(), text).map_err(Unready::BrokenConfig)?;
    diagnostics.append(&mut config.warnings);
    if let Some(base_url) = &settings.base_url {
        config.base_url.clone_from(base_url);
    }
    if let Some(theme) = config.theme.clone() {
        let file = format!("themes/{theme}/theme.toml");
        if let Some(text) = sources.text(&file)
            && let Err(mut problems) = config.merge_theme(&file, text)
        {
            diagnostics.append(&mut problems);
        }
        let inside = |folder: &str| {
            sources
                .under(&format!("themes/{theme}/{folder}"))
                .next()
                .is_some()
        };
        let mut lacking = Vec::new();
        if !inside("") {
            lacking.push("is missing");
        } else {
            if !inside("templates/") {
                lacking.push("has no templates/");
            }
            if sources.get(&file).is_none() {
                lacking.push("has no theme.toml");
            }
        }
        for lacks in lacking {
            let message = format!("the theme `{theme}` {lacks}");
            diagnostics.push(
                Diagnostic::error("theme", key.as_str(), message)
                    .about(&["theme"])
                    .hint("upload the theme's whole folder, or remove `theme`"),
            );
        }
    }
    Ok(config)
}
