"""The steps between pixels and the bytes of tiles, for one model on one engine.

The encoder and the decoder are separate classes that share the prior. Each network is opened when it is first run.
"""

from fovea.coding.coded_size import SIZE_RULE, CodedSize, has_small_objects, objects_decide, reduced_size
from fovea.coding.controls import Controls
from fovea.coding.decoder import PictureDecoder
from fovea.coding.encoder import Encoded, PictureEncoder
from fovea.coding.finding import Found
from fovea.coding.model import ENCODING, Model, Region
from fovea.coding.prior import PriorNetworks
from fovea.coding.rate import largest_fitting
from fovea.coding.tiles import probabilities

__all__ = [
    "ENCODING",
    "SIZE_RULE",
    "CodedSize",
    "Controls",
    "Encoded",
    "Found",
    "Model",
    "PictureDecoder",
    "PictureEncoder",
    "PriorNetworks",
    "Region",
    "has_small_objects",
    "largest_fitting",
    "objects_decide",
    "probabilities",
    "reduced_size",
]
