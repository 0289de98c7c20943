//! `/api/v1`: one file per resource; the description is made from the same routes.

pub mod acknowledge;
pub mod act;
pub mod cases;
pub mod clock;
pub mod copies;
pub mod deliveries;
pub mod due;
pub mod duties;
pub mod embargo;
pub mod enrol;
pub mod events;
pub mod exits;
pub mod explain;
pub mod items;
pub mod leaks;
pub mod log;
pub mod me;
pub mod members;
pub mod notices;
pub mod operators;
pub mod passkeys;
pub mod policies;
pub mod reports;
pub mod reviews;
pub mod screening;
pub mod session;
pub mod sightings;
pub mod sign_in;
pub mod subjects;
pub mod tokens;
pub mod vetting;
pub mod waves;
pub mod wire;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequest, Request},
    routing::get,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, identity::cookie, problem::Problem};

#[derive(OpenApi)]
#[openapi(
    info(title = "Forewarn", description = "A vulnerability early-warning program, for the machines of its members and operators.\n\nBy the command line only: founding a program, with its rules but for the criteria; evidence that others check without the key, and hunting; proposing and simulating marks; proving policies; a token in another operator's name; items and exhibits larger than a request's body may be; backup, restore, move, verification and export."),
    modifiers(&Schemes),
    security(("token" = []), ("session" = [])),
    tags(
        (name = "member", description = "With a member's token"),
        (name = "operator", description = "With an operator's or an observer's token"),
        (name = "people", description = "For browsers: passkeys, and the sessions that they open. A session does what a token of the same holder does; what changes something takes `Sec-Fetch-Site: same-origin` or this server's `Origin`"),
        (name = "log", description = "The public log; needs no token")
    )
)]
struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(cookie::NAME));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// Builds the routes and their description.
pub fn routes() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(me::me))
        .routes(routes!(copies::list))
        .routes(routes!(cases::list, cases::open))
        .routes(routes!(cases::close))
        .routes(routes!(embargo::propose))
        .routes(routes!(embargo::accept))
        .routes(routes!(embargo::reject))
        .routes(routes!(embargo::keep))
        .routes(routes!(embargo::terminate))
        .routes(routes!(exits::observe))
        .routes(routes!(exits::break_embargo))
        .routes(routes!(exits::publish))
        .routes(routes!(explain::explain))
        .routes(routes!(items::add))
        .routes(routes!(items::lint))
        .routes(routes!(items::view))
        .routes(routes!(items::viewings))
        .routes(routes!(items::approve_view))
        .routes(routes!(cases::case))
        .routes(routes!(copies::item))
        .routes(routes!(copies::item_by_name))
        .routes(routes!(copies::copy))
        .routes(routes!(copies::receipt))
        .routes(routes!(acknowledge::acknowledge))
        .routes(routes!(acknowledge::begin))
        .routes(routes!(acknowledge::finish))
        .routes(routes!(reports::file))
        .routes(routes!(enrol::enrol))
        .routes(routes!(events::events))
        .routes(routes!(log::consistency))
        .routes(routes!(members::list, vetting::apply))
        .routes(routes!(deliveries::list))
        .routes(routes!(reports::list))
        .routes(routes!(members::member))
        .routes(routes!(members::suspend))
        .routes(routes!(vetting::add))
        .routes(routes!(vetting::vet))
        .routes(routes!(vetting::decline))
        .routes(routes!(vetting::admit))
        .routes(routes!(vetting::reinstate))
        .routes(routes!(vetting::change_tier))
        .routes(routes!(vetting::agreement))
        .routes(routes!(vetting::assess))
        .routes(routes!(vetting::sign))
        .routes(routes!(screening::compare))
        .routes(routes!(screening::record))
        .routes(routes!(duties::derive, duties::record))
        .routes(routes!(due::list))
        .routes(routes!(vetting::contact))
        .routes(routes!(vetting::record_fact))
        .routes(routes!(vetting::withdraw_fact))
        .routes(routes!(vetting::add_key))
        .routes(routes!(vetting::add_signing_key))
        .routes(routes!(vetting::confirm_key))
        .routes(routes!(vetting::reconfirm_key))
        .routes(routes!(vetting::require_signature))
        .routes(routes!(tokens::invite))
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::revoke))
        .routes(routes!(subjects::list, subjects::link))
        .routes(routes!(subjects::unlink))
        .routes(routes!(passkeys::list))
        .routes(routes!(passkeys::invite))
        .routes(routes!(passkeys::revoke))
        .routes(routes!(sign_in::begin_enrolment))
        .routes(routes!(sign_in::finish_enrolment))
        .routes(routes!(sign_in::begin))
        .routes(routes!(sign_in::finish))
        .routes(routes!(session::show))
        .routes(routes!(session::begin_step_up))
        .routes(routes!(session::finish_step_up))
        .routes(routes!(session::sign_out))
        .routes(routes!(session::sign_out_others))
        .routes(routes!(session::revoke))
        .routes(routes!(reviews::list, reviews::open))
        .routes(routes!(reviews::review))
        .routes(routes!(reviews::reply))
        .routes(routes!(reviews::propose))
        .routes(routes!(reviews::confirm))
        .routes(routes!(policies::list, policies::propose))
        .routes(routes!(policies::check))
        .routes(routes!(policies::diff))
        .routes(routes!(policies::test))
        .routes(routes!(policies::version))
        .routes(routes!(policies::adopt))
        .routes(routes!(policies::withdraw))
        .routes(routes!(operators::list, operators::add))
        .routes(routes!(operators::roles))
        .routes(routes!(operators::remove))
        .routes(routes!(operators::tiers))
        .routes(routes!(operators::set_tier))
        .routes(routes!(operators::rules))
        .routes(routes!(operators::criteria))
        .routes(routes!(sightings::list, sightings::add))
        .routes(routes!(sightings::adopt))
        .routes(routes!(clock::show))
        .routes(routes!(clock::confirm))
        .routes(routes!(leaks::list, leaks::open))
        .routes(routes!(leaks::leak))
        .routes(routes!(leaks::trace))
        .routes(routes!(leaks::ledger))
        .routes(routes!(notices::mine))
        .routes(routes!(notices::list))
        .routes(routes!(notices::told))
        .routes(routes!(notices::retry))
        .routes(routes!(notices::test))
        .routes(routes!(notices::endpoints, notices::add))
        .routes(routes!(notices::remove))
        .routes(routes!(waves::schedule))
        .routes(routes!(waves::plan))
        .routes(routes!(waves::approve))
        .routes(routes!(waves::release))
        .split_for_parts();
    let told = description.clone();
    let router = router.route("/api/v1/openapi.json", get(move || async move { Json(told) }));
    (router, description)
}

/// A JSON body; what is none is refused as every other refusal is.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: serde::de::DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, app).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Problem::new(rejection.status(), "unreadable body", rejection.body_text())),
        }
    }
}
