"""Jobs: encoding any number of images in folders and object stores, with a manifest, so that a job can be continued.

A job lists the images of one place, encodes each, writes it to another place, and records it in a manifest. Places are
folders, or prefixes of object stores that fsspec knows. Threads of this process (:func:`transfer_here`) or the workers
of a cluster (:mod:`fovea.integrations.ray`) run the job.
"""

from fovea.jobs.job import Job, prepare, record_rows
from fovea.jobs.listing import File
from fovea.jobs.manifest import BLOCK, Manifest, Row, as_table
from fovea.jobs.place import Place
from fovea.jobs.transfer import Transfer, transfer_here

__all__ = [
    "BLOCK",
    "File",
    "Job",
    "Manifest",
    "Place",
    "Row",
    "Transfer",
    "as_table",
    "prepare",
    "record_rows",
    "transfer_here",
]
