//! A place in S3, or in whatever speaks its protocol. Credentials come from the environment.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use object_store::{
    Error as ObjectError, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, S3ConditionalPut},
    path::Path as Key,
};
use thiserror::Error;

/// How long one request is repeated before somebody is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// A place in S3: `s3://bucket/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    name: String,
    prefix: Key,
}

/// A text that names no place in S3.
#[derive(Debug, Error)]
#[error("`{0}` is no place in S3: write it as s3://bucket/prefix")]
pub struct BucketError(String);

impl FromStr for Bucket {
    type Err = BucketError;

    fn from_str(text: &str) -> Result<Self, BucketError> {
        let wrong = || BucketError(text.to_owned());
        let (name, prefix) = text
            .strip_prefix(SCHEME)
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .ok_or_else(wrong)?;
        let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        // Names need three letters at least, and an address with a password would have an `@`.
        if name.len() < 3 || !name.chars().all(sound) {
            return Err(wrong());
        }
        let prefix = Key::parse(prefix.trim_end_matches('/')).map_err(|_| wrong())?;
        Ok(Self { name: name.to_owned(), prefix })
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.name)?;
        if self.prefix.is_root() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

const SCHEME: &str = "s3://";

impl Bucket {
    /// Tells whether a text means a place in S3 rather than a path.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Returns a place below this one.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let prefix = self.prefix.parts().map(|part| part.as_ref().to_owned()).chain([name.to_owned()]);
        Self { name: self.name.clone(), prefix: Key::from_iter(prefix) }
    }

    /// Returns what comes before every name here.
    #[must_use]
    pub fn prefix(&self) -> &Key {
        &self.prefix
    }

    /// Opens the bucket with the credentials, region and endpoint that the AWS_ variables of the environment name.
    ///
    /// # Errors
    /// What is missing or wrong among them.
    pub fn open(&self) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        self.open_with(AmazonS3Builder::from_env())
    }

    pub(crate) fn open_with(&self, builder: AmazonS3Builder) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        crate::tls::install();
        let retry = RetryConfig { retry_timeout: PATIENCE, ..RetryConfig::default() };
        // Nothing here may be written over by accident: what cannot compare and swap is of no use.
        let store = builder
            .with_bucket_name(&self.name)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_retry(retry)
            .build()?;
        Ok(Arc::new(store))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_place_in_s3_is_refused() {
        for text in ["", "s3://", "s3://ab", "s3://Bucket/x", "s3://user:pass@bucket/x", "file:///x"] {
            assert!(text.parse::<Bucket>().is_err(), "{text}");
        }
        for text in ["s3://bucket", "s3://bucket/warn", "s3://my.bucket-1/a/b"] {
            assert_eq!(text.parse::<Bucket>().unwrap().to_string(), text);
        }
        let below = |text: &str| text.parse::<Bucket>().unwrap().below("checkpoint").to_string();
        assert_eq!(below("s3://bucket/"), "s3://bucket/checkpoint");
        assert_eq!(below("s3://bucket/warn/"), "s3://bucket/warn/checkpoint");
    }
}
