//! `ListWorkflowTemplates`.

use caddis_googleapis::dataproc::{ListWorkflowTemplatesRequest, ListWorkflowTemplatesResponse};

use super::kept::TemplateDocument;
use super::names::Parent;
use super::template;
use crate::documents;
use crate::face::Dataproc;
use crate::page;
use crate::wire::{Asked, Status};

pub(super) async fn list(
    face: &Dataproc,
    asked: Asked<ListWorkflowTemplatesRequest>,
) -> Result<ListWorkflowTemplatesResponse, Status> {
    let request = asked.message;
    let parent = Parent::parse("parent", &request.parent)?;
    let prefix = parent.place.key("");
    let mut page = page::Page::new(page::size(request.page_size)?);
    let after = page::after(&request.page_token)?;
    for read in documents::list::<TemplateDocument>(&face.engine, &prefix, &after, 0).await? {
        let id = read.key.strip_prefix(&prefix).unwrap_or(&read.key);
        let template = super::decode(&template::answer(&read.body, &parent, id))?;
        if !page.take(&read.key, template) {
            break;
        }
    }
    let (templates, next_page_token) = page.done();
    Ok(ListWorkflowTemplatesResponse { templates, next_page_token, ..ListWorkflowTemplatesResponse::default() })
}
