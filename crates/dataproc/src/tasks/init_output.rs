//! What initialization actions wrote, as the objects that Google's clients are pointed to, once each is over:
//! `google-cloud-dataproc-metainfo/{uuid}/{cluster}-m/dataproc-initialization-script-0_output` of the staging bucket.
//!
//! What always holds: the files that were run are removed only after all that they wrote is told.

use std::sync::Arc;
use std::time::Duration;

use caddis_core::record::{ClusterRecord, MemberPhase};
use caddis_core::world::Member;
use caddis_gcs::StoreError;
use caddis_gcs::store::{Draft, Fields};

use crate::clusters;
use crate::documents::{self, InitOutputDocument, Read};
use crate::face::Dataproc;
use crate::jobs::remove_folder;
use crate::wire::{Code, Status};

/// Between two looks at clusters that are set up.
const PAUSE: Duration = Duration::from_millis(500);

/// Tells of all of them.
pub(crate) async fn run(face: &Arc<Dataproc>) {
    loop {
        let told = face.created.notified();
        match look(face).await {
            Ok(0) => told.await,
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(status) => {
                tracing::error!(error = status.message, "the output of initialization actions cannot be told just now");
                tokio::time::sleep(PAUSE * 10).await;
            }
        }
    }
}

/// One look; answers how many clusters are being set up.
async fn look(face: &Arc<Dataproc>) -> Result<usize, Status> {
    let all = documents::list::<InitOutputDocument>(&face.engine, "", "", 0).await?;
    for read in &all {
        let record = clusters::record(face, &read.body.cluster).await?;
        if one(face, read, record.as_ref()).await? {
            let folder = face.init_folder(&read.body.uuid);
            let _ = tokio::task::spawn_blocking(move || remove_folder(&folder)).await;
            face.engine.write_documents(vec![documents::remove(read)]).await?;
        }
    }
    Ok(all.len())
}

/// Writes what is over and not written yet; answers whether that is all there will be.
async fn one(face: &Dataproc, read: &Read<InitOutputDocument>, record: Option<&ClusterRecord>) -> Result<bool, Status> {
    let InitOutputDocument { cluster, bucket, uuid, name, actions } = &read.body;
    let ended = record.is_none_or(|record| record.state.is_ended());
    let over = |step: u32| record.and_then(|record| record.setup.get(step as usize)).is_some_and(|step| matches!(step.phase, MemberPhase::Ended { .. }));
    for (step, index) in (0..).zip(actions).filter(|(step, _)| ended || over(*step)) {
        let object = clusters::init_output(uuid, name, *index as usize);
        if face.objects.stat(bucket, &object).is_ok() {
            continue;
        }
        let content = face.outputs.cluster_log(cluster, &Member::Setup { step }.to_string()).await;
        let (store, bucket, now) = (face.objects.clone(), bucket.clone(), face.now());
        let Some(content) = content else { continue };
        let draft = Draft { fields: Fields::of_type("text/plain"), ..Draft::named(&object) };
        let put = tokio::task::spawn_blocking(move || store.put_bytes(&bucket, draft, &content, now)).await;
        match put {
            Ok(Ok(_) | Err(StoreError::NoBucket(_))) => {}
            Ok(Err(error)) => return Err(Status::new(Code::Internal, error.to_string())),
            Err(error) => return Err(Status::new(Code::Internal, error.to_string())),
        }
    }
    Ok(ended || (0..actions.len() as u32).all(over))
}
