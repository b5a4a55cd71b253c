"""Which models there are, and how they are found, downloaded, read and written.

A model is found by its name, by the path of its file, or by the id that every coded file carries. The models of this
release stand in an index, so that names and ids are known without opening a model file. Some of them are part of the
package; others are downloaded once and checked by their SHA-256.
"""

from fovea.store.coded_file import coded_facts
from fovea.store.download import cache_folder, download, sha256_of
from fovea.store.index import ModelInfo, describe, write_index
from fovea.store.model_file import SUFFIX, open_model, save_model
from fovea.store.models import ADDRESS, FOLDERS, find_id, list_models, load_model, unreadable_files

__all__ = [
    "ADDRESS",
    "FOLDERS",
    "SUFFIX",
    "ModelInfo",
    "cache_folder",
    "coded_facts",
    "describe",
    "download",
    "find_id",
    "list_models",
    "load_model",
    "open_model",
    "save_model",
    "sha256_of",
    "unreadable_files",
    "write_index",
]
