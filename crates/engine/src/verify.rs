//! Verify: everything in a data folder checked against everything else, changing nothing.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use program::{
    Program,
    id::{CaseId, Sha256},
    item::Item,
};
use serde::Serialize;
use tlog::{LeafHash, Tree};

use crate::{
    assertion,
    blobs::{BlobError, Blobs},
    checkpoint::CheckpointPlace,
    copy, delivery,
    folder::Folder,
    hash::sha256,
    keys::Keys,
    ledger,
    master::{Package, bias_of, load},
    places::{Place, Places},
    progress::Progress,
    store::{self, Store},
};

/// How many problems of one kind are listed; the rest are counted.
const LISTED: usize = 20;

/// What a verification found.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Whether everything fits.
    pub sound: bool,
    /// One row a kind of thing checked.
    pub checks: Vec<Check>,
}

/// One kind of thing checked.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: &'static str,
    /// How many were checked.
    pub checked: u64,
    /// How many do not fit.
    pub failed: u64,
    /// What does not fit, by name; at most the first twenty.
    pub problems: Vec<String>,
}

impl Check {
    fn new(what: &'static str) -> Self {
        Self { what, checked: 0, failed: 0, problems: Vec::new() }
    }

    fn note(&mut self, result: Result<(), String>) {
        self.checked += 1;
        if let Err(problem) = result {
            self.failed += 1;
            if self.problems.len() < LISTED {
                self.problems.push(problem);
            }
        }
    }
}

/// Checks a data folder: keys, database, every entry, checkpoint, blobs, copies, public files.
///
/// What cannot be checked because something before it failed is not listed as sound: it is not listed.
pub async fn verify(root: &Path, progress: &dyn Progress) -> Verification {
    let mut checks = Vec::new();
    examine(&Folder::at(root), progress, &mut checks).await;
    let sound = !checks.is_empty() && checks.iter().all(|check| check.failed == 0);
    Verification { sound, checks }
}

async fn examine(folder: &Folder, progress: &dyn Progress, checks: &mut Vec<Check>) {
    let mut described = Check::new("folder");
    let origin = folder.describe().map_err(|error| error.to_string());
    described.note(origin.as_ref().map(|_| ()).map_err(Clone::clone));
    checks.push(described);
    let Ok(description) = origin else { return };

    let mut key_check = Check::new("keys");
    let keys = Keys::read(folder);
    key_check.note(keys.as_ref().map(|_| ()).map_err(ToString::to_string));
    if let Ok(keys) = &keys {
        key_check.note(check_vkey(folder, keys, &description.origin));
    }
    checks.push(key_check);

    let mut placed = Check::new("places");
    let places = Places::of(folder, &description).map_err(|error| error.to_string());
    let opened = places.and_then(|places| {
        let checkpoint = CheckpointPlace::at(&places.checkpoint).map_err(|error| error.to_string())?;
        Ok((places, checkpoint))
    });
    placed.note(opened.as_ref().map(|_| ()).map_err(Clone::clone));
    checks.push(placed);
    let Ok((places, checkpoint)) = opened else { return };
    let known = match &keys {
        Ok(keys) => Some(checkpoint.read(&keys.log.verifier()).await),
        Err(_) => None,
    };
    let (database, log) = check_log(&places, progress).await;
    checks.push(database);
    let Some((program, tree, entries)) = log else { return };
    checks.push(entries);
    let (Ok(keys), Some(known)) = (keys, known) else { return };

    let mut signed = Check::new("checkpoint");
    let fits = known.and_then(|known| checkpoint.compare(known.as_ref(), &tree));
    signed.note(fits.map_err(|error| error.to_string()));
    checks.push(signed);

    checks.push(check_fetches(&program));
    checks.push(check_acknowledgements(&program, keys.log.name(), &tree));
    let blobs = Blobs::open(&places.blobs);
    checks.push(match (&places.blobs, &blobs) {
        (Place::Path(folder), _) => check_blob_files(folder, progress),
        (Place::Bucket(_), Ok(blobs)) => check_blob_objects(blobs, progress).await,
        (Place::Bucket(_), Err(_)) => Check::new("blobs"),
    });
    match blobs {
        Ok(blobs) => {
            checks.push(check_texts(&program, &blobs, &keys).await);
            checks.push(check_copies(&program, &blobs, &keys, progress).await);
        }
        Err(error) => {
            let mut texts = Check::new("texts");
            texts.note(Err(error.to_string()));
            checks.push(texts);
        }
    }
    checks.push(check_public(&program, folder));
}

fn check_vkey(folder: &Folder, keys: &Keys, origin: &str) -> Result<(), String> {
    let path = folder.vkey();
    let known = keys.log.verifier().to_string();
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("`{}`: {error}; it holds one line, `{known}`", path.display()))?;
    if text.trim_end() != known {
        return Err(format!(
            "`{}` is not the verifier key of this log's key, which is `{known}`",
            path.display()
        ));
    }
    if keys.log.name() != origin {
        return Err(format!("`forewarn.toml` names the log `{origin}`, the log key `{}`", keys.log.name()));
    }
    Ok(())
}

/// Checks the database as a file and every entry in it, again when somebody began to write meanwhile.
async fn check_log(places: &Places, progress: &dyn Progress) -> (Check, Option<(Program, Tree, Check)>) {
    loop {
        let mut database = Check::new("database");
        let store = match store::look(&places.database).await {
            Ok(store) => store,
            Err(error) => {
                database.note(Err(format!("`{}`: {error}", places.database.shown())));
                return (database, None);
            }
        };
        match store.soundness().await {
            Ok(found) if found.is_empty() => database.note(Ok(())),
            Ok(found) => found.into_iter().for_each(|line| database.note(Err(line))),
            Err(error) => database.note(Err(error.to_string())),
        }
        let log = check_entries(&store, progress).await;
        let again = store.disturbed();
        store.close().await;
        if !again {
            return (database, Some(log));
        }
    }
}

/// Checks every entry alone and folds those that read, so that one damaged entry hides no other.
async fn check_entries(store: &Store, progress: &dyn Progress) -> (Program, Tree, Check) {
    let mut check = Check::new("entries");
    let (mut program, mut tree) = (Program::default(), Tree::new());
    let mut last = None;
    progress.begin("checking entries", 0);
    loop {
        let page = match store.tail(last).await {
            Ok(page) if page.is_empty() => break,
            Ok(page) => page,
            Err(error) => {
                check.note(Err(format!("entries after {}: {error}", last.map_or(-1, |seq| seq as i64))));
                break;
            }
        };
        for stored in &page {
            let expected = last.map_or(0, |seq| seq + 1);
            if stored.seq != expected {
                check.note(Err(format!("entry {expected} is missing: the next one is {}", stored.seq)));
            }
            last = Some(stored.seq);
            match ledger::check(stored) {
                Ok((entry, leaf)) => {
                    check.note(Ok(()));
                    program.apply(&entry);
                    tree.push(leaf);
                }
                Err(error) => {
                    check.note(Err(error.to_string()));
                    let leaf = <[u8; 32]>::try_from(stored.leaf.as_slice()).unwrap_or([0; 32]);
                    tree.push(LeafHash::from_bytes(leaf));
                }
            }
        }
        progress.step(page.len() as u64);
    }
    progress.end();
    (program, tree, check)
}

/// Checks every blob file against its name, whether an entry names it or not.
fn check_blob_files(folder: &Path, progress: &dyn Progress) -> Check {
    let mut check = Check::new("blobs");
    let files = blob_files(folder);
    progress.begin("checking blobs", files.len() as u64);
    for (name, path) in files {
        let says = match (name.parse::<Sha256>(), fs::read(&path)) {
            (Ok(name), Ok(bytes)) if sha256(&bytes) == name => Ok(()),
            (Ok(name), Ok(_)) => Err(format!("blob `{name}` was changed: its bytes do not hash to its name")),
            (Err(_), _) => Err(format!("`{}` is no blob: move it out of the blob folder", path.display())),
            (_, Err(error)) => Err(format!("`{}`: {error}", path.display())),
        };
        check.note(says);
        progress.step(1);
    }
    progress.end();
    check
}

/// Checks every blob in S3 against its name, whether an entry names it or not.
async fn check_blob_objects(blobs: &Blobs, progress: &dyn Progress) -> Check {
    let mut check = Check::new("blobs");
    let names = match blobs.list().await {
        Ok(names) => names,
        Err(error) => {
            check.note(Err(error.to_string()));
            return check;
        }
    };
    progress.begin("checking blobs", names.len() as u64);
    for name in names {
        check.note(match name {
            Ok(name) => blobs.get_sealed(name).await.map(drop).map_err(|error| error.to_string()),
            Err(strange) => Err(BlobError::Strange(strange).to_string()),
        });
        progress.step(1);
    }
    progress.end();
    check
}

fn blob_files(root: &Path) -> Vec<(String, PathBuf)> {
    let list = |path: &Path| -> io::Result<Vec<PathBuf>> {
        fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    let mut files = Vec::new();
    for folder in list(root).unwrap_or_default() {
        let head = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !folder.is_dir() {
            files.push((head, folder));
            continue;
        }
        for path in list(&folder).unwrap_or_default() {
            let rest = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            files.push((format!("{head}{rest}"), path));
        }
    }
    files.sort();
    files
}

/// Checks that every text and exhibit the log names is there and is what was logged.
async fn check_texts(program: &Program, blobs: &Blobs, keys: &Keys) -> Check {
    let mut check = Check::new("texts");
    let items = program.cases().flat_map(|case| {
        case.items().map(move |item| (format!("{}/{}", case.id(), item.item), item.blob, item.text))
    });
    let exhibits = program.sightings().flat_map(|sighting| {
        let name = move |exhibit: &program::sighting::Exhibit| format!("{}/{}", sighting.id, exhibit.name);
        sighting.exhibits.iter().map(move |exhibit| (name(exhibit), exhibit.blob, exhibit.sha256))
    });
    for (name, blob, text) in items.chain(exhibits) {
        check.note(match blobs.get(blob, &keys.blob).await {
            Ok(bytes) if sha256(&bytes) == text => Ok(()),
            Ok(_) => Err(format!("`{name}`: the blob is not the text that was logged")),
            Err(error) => Err(format!("`{name}`: {error}")),
        });
    }
    check
}

/// Renders every granted copy again and compares it with its grant.
async fn check_copies(program: &Program, blobs: &Blobs, keys: &Keys, progress: &dyn Progress) -> Check {
    let mut check = Check::new("copies");
    let mut packages: BTreeMap<(CaseId, u32), Result<Package, String>> = BTreeMap::new();
    for case in program.cases() {
        progress.begin("rendering copies again", case.grants().count() as u64);
        for (item, member, granted) in case.grants() {
            let at = (case.id().clone(), granted.package);
            if !packages.contains_key(&at) {
                packages.insert(at.clone(), package(program, blobs, keys, case.id(), granted.package).await);
            }
            let says = match packages.get(&at) {
                Some(Ok(package)) => match copy::render(package, member, item) {
                    Some(text) if sha256(text.as_bytes()) == granted.sha256 => Ok(()),
                    _ => Err(format!(
                        "entry {}: the copy of `{item}` for `{member}` does not come out as granted",
                        granted.seq
                    )),
                },
                Some(Err(says)) => Err(format!("entry {}: {says}", granted.seq)),
                None => Err(format!("entry {}: its package cannot be loaded", granted.seq)),
            };
            check.note(says);
            progress.step(1);
        }
        progress.end();
    }
    check
}

async fn package(
    program: &Program,
    blobs: &Blobs,
    keys: &Keys,
    id: &CaseId,
    version: u32,
) -> Result<Package, String> {
    let case = program.case(id).map_err(|error| error.to_string())?;
    let items: Vec<Item> = case.items_of(version).into_values().cloned().collect();
    let bias = bias_of(program, id, version).map_err(|error| error.to_string())?;
    let loaded = load(blobs, (&keys.blob, &keys.mark), id, version, (&items, bias)).await;
    loaded.map_err(|error| error.to_string())
}

/// Checks the signatures of members' requests.
fn check_fetches(program: &Program) -> Check {
    let mut check = Check::new("signed fetches");
    for case in program.cases() {
        for (item, member, granted) in case.grants() {
            let Some(fetched) = &granted.fetched else { continue };
            let Some(signed) = &fetched.signed else { continue };
            let says = delivery::check_fetch(program, (case.id(), item, member), fetched.by, signed);
            check.note(says.map_err(|says| format!("entry {}: {says}", fetched.seq)));
        }
    }
    check
}

/// Checks every member's signature, and that the log was the one the member saw.
fn check_acknowledgements(program: &Program, origin: &str, tree: &Tree) -> Check {
    let mut check = Check::new("acknowledgements");
    for case in program.cases() {
        for (item, member, granted) in case.grants() {
            if let Some(asserted) = &granted.asserted {
                let of = (case.id(), item, member);
                let says = assertion::check(program, (origin, tree), of, granted, asserted);
                check.note(says.map_err(|says| format!("entry {}: {says}", asserted.seq)));
            }
            let Some(acknowledged) = &granted.acknowledged else { continue };
            let says = delivery::check(program, (origin, tree), (case.id(), item, member), granted);
            check.note(says.map_err(|says| format!("entry {}: {says}", acknowledged.seq)));
        }
    }
    check
}

fn check_public(program: &Program, folder: &Folder) -> Check {
    let mut check = Check::new("public files");
    let files = program.cases().filter_map(|case| case.published()).flat_map(|published| &published.files);
    for file in files {
        let path = folder.public().join(&file.name);
        check.note(match fs::read(&path) {
            Ok(bytes) if sha256(&bytes) == file.sha256 => Ok(()),
            Ok(_) => Err(format!("`{}` is not what was published", path.display())),
            Err(error) => Err(format!("`{}`: {error}; `forewarn publish` writes it again", path.display())),
        });
    }
    check
}
