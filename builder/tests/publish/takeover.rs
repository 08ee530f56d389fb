//! Taking over from a builder that died: what it may have touched is looked at, all of it.

use crate::crash::DiesAt;
use crate::world::{ALL, assert_same, file_of_blog, keys, published_blog, shared, until_done};
use quillfront_builder::publish::Options;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_every_page_that_is_taken_back_after_a_crash_leaves_no_page_behind() {
    let one_at_a_time = || Options {
        parallel: 1,
        ..Options::default()
    };
    let base = "templates/base.html";
    let mut died = 0;
    for limit in [16, 20, 24, 28] {
        let world = published_blog().await;
        let before = world.site().await;
        world
            .put(base, "<p>X</p>{% block main %}{% endblock %}")
            .await;
        let dies = Some(shared(DiesAt::new(limit, true)));
        let dying = world.builder_with(ALL, dies, one_at_a_time());
        died += usize::from(dying.run(keys([base])).await.is_err());
        world.put(base, file_of_blog(base)).await;
        world.host.advance(Duration::from_secs(600));
        let next = world.builder_with(ALL, None, one_at_a_time());
        until_done(&world, &next, &keys(["content/never.md", base])).await;
        let story = format!("died at request {limit}");
        assert_same(&world.site().await, &before, &story);
    }
    assert!(died > 1, "only {died} of them died");
}
