//! What a package was rendered to support, kept beside its copies and said in every report.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use engine::claim;
use mark::{
    code::site_map_sha256,
    master::Master,
    strength::{Claim, Plan, SiteTally, Supported},
};
use serde::{Deserialize, Serialize};

/// Name of the file that holds a claim.
pub(super) const FILE: &str = "claim.json";

/// A claim as it is written and reported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Declared {
    /// The claim in a sentence.
    pub(super) says: String,
    /// What was asked for.
    asked: Claim,
    /// What the sites support.
    supports: Vec<Supported>,
    /// Why less than what was asked for is enough; absent when it is not less.
    weaker: Option<String>,
    /// The package's sites.
    sites: SiteTally,
    /// SHA-256 of the package's site map: which package this is about.
    site_map_sha256: String,
}

impl Declared {
    /// Says what a plan comes to; `weaker` is why a claim that it falls short of is given up, which only a trial
    /// for a few members does without a word.
    pub(super) fn new(master: &Master, plan: &Plan, weaker: Option<&str>) -> Self {
        let weaker = weaker.filter(|_| plan.short.is_some()).map(str::to_owned);
        Self {
            says: claim::says(plan, weaker.as_deref().unwrap_or("a trial for few members")),
            asked: plan.claim,
            supports: plan.supports.clone(),
            weaker,
            sites: plan.sites,
            site_map_sha256: site_map(master),
        }
    }

    /// Writes the claim into the folder of the copies.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let path = folder.join(FILE);
        engine::export::write(&path, format!("{}\n", serde_json::to_string_pretty(self)?).as_bytes())?;
        Ok(path)
    }

    /// Reads a claim that was named, or finds one beside the key or the leak.
    ///
    /// One that was named must be about this package; others that are not are passed over.
    pub(super) fn find(
        named: Option<&Path>,
        key: &Path,
        leak: &[PathBuf],
        master: &Master,
    ) -> anyhow::Result<Option<Self>> {
        if let Some(path) = named {
            let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
            let Ok(claim) = serde_json::from_str::<Self>(&text) else {
                bail!(
                    "`{}` is not a claim: give the `{FILE}` that `forewarn mark render` wrote",
                    path.display()
                );
            };
            ensure!(
                claim.site_map_sha256 == site_map(master),
                "`{}` is about another package or another version of it: give the `{FILE}` written with these copies",
                path.display()
            );
            return Ok(Some(claim));
        }
        let folders = leak.iter().flat_map(|leak| leak.ancestors().skip(1).take(2));
        let mut beside = key.parent().into_iter().chain(folders).filter_map(|folder| {
            let claim: Self = serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()?;
            (claim.site_map_sha256 == site_map(master)).then_some(claim)
        });
        Ok(beside.next())
    }
}

fn site_map(master: &Master) -> String {
    hex::encode(site_map_sha256(master))
}
