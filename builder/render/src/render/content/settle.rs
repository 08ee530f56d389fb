//! Settling the bodies of a site: most are as an earlier build had them, and none of those is rendered.

use super::job::Job;
use super::links::{LinkToPlace, anchors, anchors_wanted, fail_broken};
use super::{Bodies, BodyResult, Contents, RenderedBody};
use crate::graph::memo::{Memo, MemoMap, Once};
use crate::graph::reach::Reach;
use crate::graph::{BodyFacts, Graph};
use crate::render::RenderError;
use crate::render::values;
use crate::render::world::{Needs, World};
use itertools::{EitherOrBoth, Itertools};
use quillfront_site::key::SourceKey;
use quillfront_site::library::Library;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Settles every body: renders those that are not as the graph has them, and those that are wanted.
/// With a reach, those beyond it are taken to be as the graph has them.
///
/// # Errors
/// What has to be read first. Author's mistakes are kept page by page.
pub fn settle(
    world: &Arc<World>,
    graph: &Graph,
    reach: Option<&Reach>,
    bodies: &mut Bodies,
    memo: &Arc<Memo>,
) -> Result<Contents, Needs> {
    let library = &world.library;
    let count = library.pages.len() + library.sections.len();
    bodies.settled.resize(count, None);
    let configs = values::configs(world);
    if let Some(reach) = reach {
        spare(library, graph, reach, bodies);
    }
    let doubtful_links = loop {
        let mut needs = Needs::default();
        let open = bodies.settled.named().filter(|(_, body)| body.is_none());
        let results: Vec<_> = open
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|id| {
                let job = Job::of(id.linking(library), world, &configs);
                (id, job.settle(graph, bodies))
            })
            .collect();
        for (id, result) in results {
            bodies.settled[id] = match result {
                Ok(written) => Some(Ok(written)),
                Err(RenderError::Failed(problems)) => Some(Err(problems)),
                Err(RenderError::Needs(more)) => {
                    needs.extend(more);
                    None
                }
            };
        }
        if !needs.is_empty() {
            return Err(needs);
        }
        // Whether a link finds its place in a page can be said where either was rendered; the
        // other was as it is when that was said before.
        let links = LinkToPlace::all(world, bodies);
        let more = anchors_wanted(world, &links);
        if more.is_empty() {
            let anchors = anchors(world, &links);
            break fail_broken(world, anchors, bodies);
        }
        bodies.want(library, more);
    };
    let mut pages: Vec<BodyResult> = bodies.settled.iter().flatten().cloned().collect();
    let sections: Vec<BodyResult> = pages.split_off(library.pages.len());
    let at_hand = |body: &BodyResult| body.as_ref().is_ok_and(|written| written.body.is_some());
    Ok(Contents {
        complete: pages.iter().chain(&sections).all(at_hand),
        memo: memo.clone(),
        page_values: Once::new(pages.len()),
        full_page_values: Once::new(pages.len()),
        section_values: Once::new(sections.len()),
        projected: MemoMap::default(),
        taxonomy_values: MemoMap::default(),
        configs,
        backlinks: OnceLock::new(),
        scripts: OnceLock::new(),
        doubtful_links,
        pages: pages.into(),
        sections: sections.into(),
    })
}

/// Bodies that one thread takes in a row where little is done with each.
pub(super) const IN_A_ROW: usize = 1024;

/// Takes the bodies beyond a reach to be as the graph has them.
pub(super) fn spare(library: &Library, graph: &Graph, reach: &Reach, bodies: &mut Bodies) {
    let Bodies { settled, wanted } = bodies;
    // Pages in the order of their keys, then sections: the graph is walked beside either.
    let (of_pages, of_sections) = settled.split_at_mut(library.pages.len());
    let pages = library.pages.par_chunks(IN_A_ROW);
    pages
        .zip(of_pages.par_chunks_mut(IN_A_ROW))
        .for_each(|(pages, settled)| {
            let [Some(first), Some(last)] = [pages.first(), pages.last()] else {
                return;
            };
            let known = graph
                .bodies
                .range::<SourceKey, _>(&first.place.key..=&last.place.key);
            let keys = pages.iter().map(|page| &page.place.key);
            spare_of(keys.zip(settled), known, wanted, reach);
        });
    let sections = library.sections.iter().map(|section| &section.place.key);
    let known = graph.bodies.iter();
    spare_of(sections.zip(of_sections), known, wanted, reach);
}

pub(super) fn spare_of<'a>(
    bodies: impl Iterator<Item = (&'a SourceKey, &'a mut Option<BodyResult>)>,
    known: impl Iterator<Item = (&'a SourceKey, &'a Arc<BodyFacts>)>,
    wanted: &BTreeSet<SourceKey>,
    reach: &Reach,
) {
    let both = bodies.merge_join_by(known, |(one, _), (other, _)| (*one).cmp(other));
    for ((_, place), (key, facts)) in both.filter_map(EitherOrBoth::both) {
        let is_spared = place.is_none() && !wanted.contains(key);
        if is_spared && reach.spares_body(key.as_str(), &facts.asked) {
            let facts = facts.clone();
            *place = Some(Ok(RenderedBody { facts, body: None }));
        }
    }
}
