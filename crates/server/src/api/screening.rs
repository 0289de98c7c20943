//! Members' names against sanctions lists, for operators: who is worth a look, and what a person made of it.

use std::sync::Arc;

use axum::{Json, extract::State};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::screening::{Given, THRESHOLD, TOP};
use jiff::civil::Date;
use program::{
    Command,
    id::{MemberId, Sha256},
    vetting::{Screening, ScreeningOutcome, VettingCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{act, blocking, name, refused},
        wire,
    },
    app::App,
    auth::Reader,
    problem::{Problem, Refused, Undone, Unknown},
};

/// A comparison that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Which member; every member and applicant when it is absent.
    #[serde(default)]
    #[schema(value_type = Option<wire::Name>)]
    member: Option<MemberId>,
    /// The list's name: one that ends in `.csv` is in the form of the OFAC's `sdn.csv`, any other has a name a line.
    name: String,
    /// The list as published, base64.
    #[schema(content_encoding = "base64")]
    list: String,
    /// The OFAC's `alt.csv`, the other names of those on the list, base64.
    #[serde(default)]
    #[schema(content_encoding = "base64")]
    aliases: Option<String>,
    /// Show names from this score, above 0 and at most 1; 0.88 when it is absent.
    #[serde(default)]
    threshold: Option<f64>,
    /// Show at most so many names for each member; 5 when it is absent.
    #[serde(default = "top", deserialize_with = "wire::whole")]
    top: u64,
}

/// What came of a screening.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The list's name.
    list: String,
    /// The list's SHA-256, as the comparison says.
    #[schema(value_type = String, pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Sha256,
    /// The day the list is of, as its publisher says.
    #[schema(value_type = String, format = Date)]
    list_date: Date,
    /// Whether the member is on it.
    #[schema(value_type = wire::Screened)]
    outcome: ScreeningOutcome,
    /// Why.
    reason: String,
}

/// Names that were compared.
#[derive(Debug, Serialize)]
struct Compared<'a> {
    list: &'a str,
    sha256: Sha256,
    entries: usize,
    threshold: f64,
    members: Vec<engine::screening::Screened<'a>>,
}

/// Compare members' names with a sanctions list; changes nothing, and a person decides
///
/// A score is how alike two names are, from 0 to 1, without case, accents, punctuation and kind of company. Nothing is
/// fetched, and the list is not kept.
#[utoipa::path(post, path = "/api/v1/screenings", tag = "operator", request_body = Comparison, responses(
    (status = 200, description = "the list with its hash; for each member who on the list is like it, best first, and the best score there is", body = serde_json::Value),
    Refused,
    Unknown,
    Undone,
))]
pub(crate) async fn compare(
    State(app): State<Arc<App>>,
    _: Reader,
    Body(asked): Body<Comparison>,
) -> Result<Json<serde_json::Value>, Problem> {
    let members: Vec<(MemberId, String)> = {
        let program = app.engine.program().await;
        match &asked.member {
            Some(id) => {
                let member = program.member(id).map_err(|refusal| Problem::of_refusal(&refusal))?;
                vec![(member.id.clone(), member.name.clone())]
            }
            None => program.members().map(|member| (member.id.clone(), member.name.clone())).collect(),
        }
    };
    blocking(move || compared(&asked, &members)).await?.map(Json)
}

act! {
    /// Record what came of a screening; whoever is on a list is not signed for or admitted
    record "/api/v1/members/{member}/screening" ("member"; String) takes Outcome =>
    |id, Outcome { list, sha256, list_date, outcome, reason }| {
        let screening = Screening { list, sha256, list_date, outcome, reason };
        Ok(Command::Vetting(name(&id)?, VettingCommand::Screen(screening)))
    }
}

fn compared(asked: &Comparison, members: &[(MemberId, String)]) -> Result<serde_json::Value, Problem> {
    let bytes = |text: &String| BASE64_STANDARD.decode(text).map_err(|_| refused("a list is not base64"));
    let (list, aliases) = (bytes(&asked.list)?, asked.aliases.as_ref().map(bytes).transpose()?);
    let given = Given::read(&asked.name, &list, aliases.as_deref()).map_err(refused)?;
    let threshold = asked.threshold.unwrap_or(THRESHOLD);
    let top = usize::try_from(asked.top).unwrap_or(usize::MAX);
    let names = members.iter().map(|(id, name)| (id, name.as_str()));
    let members = given.screen(names, threshold, top).map_err(refused)?;
    let (list, entries) = (given.name.as_str(), given.list.entries().len());
    let shown = Compared { list, sha256: given.sha256, entries, threshold, members };
    serde_json::to_value(shown).map_err(|_| Problem::internal())
}

fn top() -> u64 {
    TOP as u64
}
