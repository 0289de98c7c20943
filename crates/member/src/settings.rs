//! What `enrol` remembers, so that nothing needs to be said again: where the program is, which files are whose.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::{args::Server, files};

const VERSION: u32 = 1;

/// Name of the file below the folder.
const FILE: &str = "member.json";

/// The folder that `enrol` keeps keys, token and settings in.
#[derive(Clone, Debug)]
pub(crate) struct Home(Option<PathBuf>);

/// Settings, with whole paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) v: u32,
    /// Who the program says this is.
    pub(crate) member: String,
    pub(crate) url: String,
    /// The log's verifier key, pinned when enrolling.
    pub(crate) vkey: String,
    pub(crate) token_file: PathBuf,
    pub(crate) identity: PathBuf,
    pub(crate) signing_key: PathBuf,
    /// Where copies go.
    pub(crate) out: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) plain_http: bool,
}

/// Where the program is reached, and with which token.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    pub(crate) url: String,
    pub(crate) token_file: PathBuf,
    pub(crate) ca: Option<PathBuf>,
    /// A client certificate and its key.
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) plain_http: bool,
}

impl Home {
    /// Takes the folder that was named, or the usual one of this user.
    pub(crate) fn of(named: Option<PathBuf>) -> Self {
        let usual = || {
            let absolute =
                |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
            let base = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
            Some(base?.join("forewarn-member"))
        };
        Self(named.or_else(usual))
    }

    /// Returns the folder, made if need be, which its owner alone may enter.
    pub(crate) fn create(&self) -> anyhow::Result<PathBuf> {
        let path = self.0.as_ref().context("where to keep the keys? name a folder with `--home`")?;
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made = builder.create(path).and_then(|()| fs::canonicalize(path));
        made.with_context(|| format!("`{}`", path.display()))
    }

    /// Reads the settings; nothing where nobody enrolled.
    pub(crate) fn settings(&self) -> anyhow::Result<Option<Settings>> {
        let Some(path) = self.0.as_ref().map(|home| home.join(FILE)) else { return Ok(None) };
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("`{}`", path.display())),
        };
        let read = serde_json::from_slice::<Settings>(&json);
        let settings = read.with_context(|| format!("`{}`: mend it, or enrol again", path.display()))?;
        ensure!(settings.v == VERSION, "`{}` has version {}: update the tool", path.display(), settings.v);
        Ok(Some(settings))
    }

    /// Says where the program is: what was given goes before what is remembered.
    pub(crate) fn server(&self, args: &Server) -> anyhow::Result<Reached> {
        let settings = self.settings()?;
        let known = settings.as_ref();
        // A token goes to the program that issued it and to no other.
        let same = known.filter(|known| args.url.as_deref().is_none_or(|url| url == known.url));
        let url = args.url.clone().or(known.map(|it| it.url.clone()));
        Ok(Reached {
            url: url
                .context("which program? enrol with the link that it sent you, or name it with `--url`")?,
            token_file: given(&args.token_file, same.map(|it| &it.token_file), "--token-file")?,
            ca: args.ca.clone().or(same.and_then(|it| it.ca.clone())),
            certificate: args.certificate.clone().zip(args.certificate_key.clone()),
            plain_http: args.plain_http || same.is_some_and(|it| it.plain_http),
        })
    }
}

impl Settings {
    /// Keeps them in a folder.
    pub(crate) fn write(&self, home: &Path) -> anyhow::Result<()> {
        files::replace(&home.join(FILE), &format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// Makes the settings of a member that enrolled, with every file below the folder.
    pub(crate) fn below(home: &Path, member: String, url: String, vkey: String) -> Self {
        Self {
            v: VERSION,
            member,
            url,
            vkey,
            token_file: home.join("token"),
            identity: home.join("member.agekey"),
            signing_key: home.join("member.signkey"),
            out: home.join("copies"),
            ca: None,
            plain_http: false,
        }
    }
}

/// Takes a file that was given, or the one that is remembered.
pub(crate) fn given(named: &Option<PathBuf>, known: Option<&PathBuf>, flag: &str) -> anyhow::Result<PathBuf> {
    let found = named.as_ref().or(known).cloned();
    found.with_context(|| format!("nobody has enrolled here: name the file or folder with `{flag}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_token_goes_to_its_own_program_alone() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home(Some(dir.path().to_owned()));
        assert_eq!(home.settings().unwrap(), None);
        let url = String::from("https://warn.example");
        let settings = Settings::below(dir.path(), "acme".into(), url, "vkey".into());
        settings.write(dir.path()).unwrap();
        assert_eq!(home.settings().unwrap(), Some(settings));
        let server = |url: Option<&str>| Server {
            url: url.map(str::to_owned),
            token_file: None,
            ca: None,
            certificate: None,
            certificate_key: None,
            plain_http: false,
        };
        assert_eq!(home.server(&server(None)).unwrap().token_file, dir.path().join("token"));
        let elsewhere = home.server(&server(Some("https://evil.example"))).unwrap_err();
        assert!(elsewhere.to_string().contains("--token-file"), "{elsewhere}");
        fs::write(dir.path().join(FILE), "{\"v\":1,\"also\":2}").unwrap();
        assert!(home.settings().is_err());
    }
}
