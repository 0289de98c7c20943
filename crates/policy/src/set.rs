//! A set of policies: Cedar text that was checked against the schema, named and given a voice.

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::{Authorizer, Effect as CedarEffect, Policy, PolicyId, Schema, ValidationMode, Validator};
use miette::Diagnostic;
use sha2::{Digest, Sha256};

use crate::entities::{Unformed, Vocabulary, is_attribute};
use crate::reads::Reads;
use crate::says;

mod error;

pub use error::PolicyError;

const SCHEMA: &str = include_str!("../policies/schema.cedarschema");
const DEFAULT: &str = include_str!("../policies/default.cedar");
const DEADLINE_AWARE: &str = include_str!("../policies/deadline-aware.cedar");

/// Holds policies that may decide: every one is schema-checked, has a unique id and a sentence.
#[derive(Debug)]
pub struct PolicySet {
    name: String,
    text: String,
    version: String,
    rules: Vec<Rule>,
    pub(crate) all: cedar_policy::PolicySet,
    /// The permits alone: what tier and class give where no bar holds.
    pub(crate) grants: cedar_policy::PolicySet,
    pub(crate) authorizer: Authorizer,
    /// Absent in a closed set, with the reason: no question can be put to it.
    pub(crate) vocabulary: Result<Vocabulary, Unformed>,
}

/// Holds what is said of one policy, and what it reads.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    /// Where it starts in the text, from 1.
    pub(crate) line: usize,
    pub(crate) says: String,
    pub(crate) permits: bool,
    pub(crate) reads: Reads,
}

impl PolicySet {
    /// Returns the default set: lead times per tier, artifact classes, duties whatever their deadline.
    ///
    /// # Errors
    /// [`PolicyError`] as for [`PolicySet::parse`]; the text is part of this crate and tested.
    pub fn default_set() -> Result<Self, PolicyError> {
        Self::parse("default", DEFAULT)
    }

    /// Returns the set in which a duty bars only where it falls due before the public instant.
    ///
    /// # Errors
    /// [`PolicyError`] as for [`PolicySet::parse`]; the text is part of this crate and tested.
    pub fn deadline_aware() -> Result<Self, PolicyError> {
        Self::parse("deadline-aware", DEADLINE_AWARE)
    }

    /// Reads and checks a set; `name` is how errors and screens call it.
    ///
    /// # Errors
    /// [`PolicyError`] when the text is not Cedar, does not fit the schema strictly, or holds a policy
    /// without `@id` or `@says`, an id twice, or times that [`PolicySet::outlook`] could not follow.
    pub fn parse(name: &str, text: &str) -> Result<Self, PolicyError> {
        let schema = Self::schema()?;
        let source = Source { name, text };
        let parsed = cedar_policy::PolicySet::from_str(text).map_err(|error| source.syntax(&error))?;
        if parsed.templates().next().is_some() {
            return Err(PolicyError::Template { set: name.to_owned() });
        }
        let mut all = cedar_policy::PolicySet::new();
        let mut grants = cedar_policy::PolicySet::new();
        let mut rules = Vec::new();
        for (policy, line) in source.in_order(&parsed) {
            let rule = source.rule(policy, line)?;
            let renamed = policy.new_id(PolicyId::new(&rule.id));
            let twice = |_| PolicyError::Twice { set: name.to_owned(), line, id: rule.id.clone() };
            if rule.permits {
                grants.add(renamed.clone()).map_err(twice)?;
            }
            all.add(renamed).map_err(twice)?;
            rules.push(rule);
        }
        if rules.is_empty() {
            return Err(PolicyError::Empty { set: name.to_owned() });
        }
        source.validate(schema, &all)?;
        source.known(&rules)?;
        let vocabulary = Ok(Vocabulary::new().map_err(schema_error)?);
        let (name, text, version) = (name.to_owned(), text.to_owned(), version_of(text));
        Ok(Self { name, text, version, rules, all, grants, authorizer: Authorizer::new(), vocabulary })
    }

    /// Makes a set that refuses everything, in place of one that must decide and cannot be read.
    ///
    /// It keeps the name and the text, so that what cannot be read can be looked at and mended.
    pub fn closed(name: &str, text: &str, why: &PolicyError) -> Self {
        let vocabulary = Err(format!(
            "nothing is released: the policies in force cannot be read by this version, {why}; \
             adopt a set that can, or use the version that wrote it"
        ));
        let nothing = cedar_policy::PolicySet::new;
        let (name, text, version) = (name.to_owned(), text.to_owned(), version_of(text));
        let (rules, all, grants) = (Vec::new(), nothing(), nothing());
        Self { name, text, version, rules, all, grants, authorizer: Authorizer::new(), vocabulary }
    }

    /// Returns why the set refuses everything, where it is one that could not be read.
    pub fn closed_because(&self) -> Option<&str> {
        self.vocabulary.as_ref().err().map(String::as_str)
    }

    /// Returns the schema that every set is checked against.
    ///
    /// # Errors
    /// [`PolicyError::Schema`]; the text is part of this crate and tested.
    pub fn schema() -> Result<Schema, PolicyError> {
        let (schema, warnings) = Schema::from_cedarschema_str(SCHEMA).map_err(schema_error)?;
        match warnings.into_iter().next() {
            Some(warning) => Err(schema_error(warning)),
            None => Ok(schema),
        }
    }

    /// Returns the policies as Cedar holds them, each under its `@id`: what a proof is about.
    pub fn cedar(&self) -> &cedar_policy::PolicySet {
        &self.all
    }

    /// Returns the set's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the Cedar text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the SHA-256, in hex, of the schema text followed by the policy text.
    ///
    /// `cat schema.cedarschema default.cedar | sha256sum` gives the same.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns each policy's id and sentence, in the order of the text.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules.iter().map(|rule| (rule.id.as_str(), rule.says.as_str()))
    }

    /// Tells whether some policy bars what a review took from a member; a restriction means nothing otherwise.
    pub fn heeds_restrictions(&self) -> bool {
        self.vocabulary.is_err()
            || self
                .rules()
                .iter()
                .any(|rule| !rule.permits && rule.reads.path("principal.restricted_classes"))
    }

    /// Tells whether no policy names a member or an item, so that equal records are judged alike.
    pub fn names_nobody(&self) -> bool {
        let personal =
            |uid: &cedar_policy::EntityUid| matches!(uid.type_name().basename(), "Member" | "Item");
        !self.all.policies().any(|policy| policy.entity_literals().iter().any(personal))
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

fn version_of(text: &str) -> String {
    hex::encode(Sha256::new().chain_update(SCHEMA).chain_update(text).finalize())
}

fn schema_error(error: impl std::fmt::Display) -> PolicyError {
    PolicyError::Schema { why: error.to_string() }
}

/// A policy text while it is checked.
struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Source<'_> {
    /// Returns the policies in the order of the text, each with the line it starts on.
    fn in_order<'p>(&self, parsed: &'p cedar_policy::PolicySet) -> Vec<(&'p Policy, usize)> {
        // Cedar names them policy0, policy1 … in the order of the text.
        let position =
            |id: &PolicyId| AsRef::<str>::as_ref(id).trim_start_matches("policy").parse::<usize>().ok();
        let mut policies: Vec<_> = parsed.policies().collect();
        policies.sort_by_key(|policy| position(policy.id()));
        let mut from = 0;
        let with_line = |policy: &'p Policy| {
            let own = policy.to_cedar().unwrap_or_default();
            let at =
                self.text.get(from..).and_then(|rest| rest.find(&own)).map_or(from, |found| from + found);
            from = at + own.len();
            (policy, self.line(at))
        };
        policies.into_iter().map(with_line).collect()
    }

    fn rule(&self, policy: &Policy, line: usize) -> Result<Rule, PolicyError> {
        let set = || self.name.to_owned();
        let usable =
            |id: &&str| !id.is_empty() && id.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'));
        let id = policy
            .annotation("id")
            .filter(usable)
            .ok_or_else(|| PolicyError::Unnamed { set: set(), line })?;
        let id = id.to_owned();
        let says = policy.annotation("says").map(str::trim).filter(|text| !text.is_empty());
        let Some(says) = says else {
            return Err(PolicyError::Silent { set: set(), line, id });
        };
        if let Some(gap) = says::unknown_gap(says) {
            return Err(PolicyError::Gap { set: set(), line, id, gap, known: says::GAPS.join(", ") });
        }
        let json = policy.to_json();
        let json = json.map_err(|e| PolicyError::Syntax { set: set(), line, why: e.to_string() })?;
        let reads = Reads::of(&json);
        if let Some(why) = reads.untraceable {
            return Err(PolicyError::Untraceable { set: set(), line, id, why });
        }
        let permits = policy.effect() == CedarEffect::Permit;
        Ok(Rule { id, line, says: says.to_owned(), permits, reads })
    }

    fn validate(&self, schema: Schema, policies: &cedar_policy::PolicySet) -> Result<(), PolicyError> {
        let result = Validator::new(schema).validate(policies, ValidationMode::Strict);
        // A warning is a policy that can never apply or a character that looks like another: a mistake here.
        let errors = result.validation_errors().map(|e| (e.policy_id().to_string(), e as &dyn Diagnostic));
        let warnings =
            result.validation_warnings().map(|w| (w.policy_id().to_string(), w as &dyn Diagnostic));
        let found: BTreeSet<_> =
            errors.chain(warnings).map(|(id, found)| (self.line_of(found), id, message(found))).collect();
        match found.into_iter().next() {
            Some((line, id, why)) => Err(PolicyError::Invalid { set: self.name.to_owned(), line, id, why }),
            None => Ok(()),
        }
    }

    /// Refuses a test for an attribute that does not exist: Cedar takes `has` with any name for false, and a bar
    /// that hangs on a mistyped name would never hold.
    fn known(&self, rules: &[Rule]) -> Result<(), PolicyError> {
        let wrong = |rule: &Rule| rule.reads.paths.iter().find(|path| !is_attribute(path)).cloned();
        match rules.iter().find_map(|rule| wrong(rule).map(|path| (rule, path))) {
            Some((rule, path)) => {
                let why = format!("there is no attribute `{path}`; schema.cedarschema lists what there is");
                Err(PolicyError::Invalid {
                    set: self.name.to_owned(),
                    line: rule.line,
                    id: rule.id.clone(),
                    why,
                })
            }
            None => Ok(()),
        }
    }

    fn syntax(&self, error: &cedar_policy::ParseErrors) -> PolicyError {
        PolicyError::Syntax { set: self.name.to_owned(), line: self.line_of(error), why: message(error) }
    }

    fn line_of(&self, found: &dyn Diagnostic) -> usize {
        let label = found.labels().and_then(|mut labels| labels.next());
        label.map_or(0, |label| self.line(label.offset()))
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// Returns Cedar's message with its advice, on one line.
fn message(found: &dyn Diagnostic) -> String {
    let advice = found.help().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{found}{advice}").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
