"""Training: configurations, data, losses, Lightning modules and export. It needs the extra ``train``.

Example::

    config = read_config(Path("configs/fovea-s.yaml"))
    weights = train(config, Path("runs", config.name))
    save_model(export_model(weights), Path("fovea-s.fovea"))
"""

from fovea.training.checkpoint import WEIGHTS, Checkpoint
from fovea.training.codec_module import VALIDATION_QUALITIES, CodecTraining
from fovea.training.config import TrainingConfig, read_config
from fovea.training.config_file import StrictConfig, expand_path, read_fields, read_yaml
from fovea.training.data.config import DataConfig, PatchConfig
from fovea.training.data.images import coco_images
from fovea.training.data.masks import object_weights
from fovea.training.data.patches import PatchStream
from fovea.training.data.sources import split_images
from fovea.training.export import CALIBRATION_PATCHES, export_model
from fovea.training.finder.config import FinderTrainingConfig
from fovea.training.finder.module import load_finder
from fovea.training.lineage import configurations, train_from_nothing
from fovea.training.losses.distortions import Distortion, object_mse
from fovea.training.losses.objects import share_bits
from fovea.training.losses.task import TaskDistortion
from fovea.training.onnx_torch import OnnxNetwork, read_onnx
from fovea.training.optimizer import MuonAdam
from fovea.training.run import read_run, train
from fovea.training.segmenter.config import SegmenterConfig
from fovea.training.start import load_checkpoint
from fovea.training.trainer import Hardware

__all__ = [
    "CALIBRATION_PATCHES",
    "VALIDATION_QUALITIES",
    "WEIGHTS",
    "Checkpoint",
    "CodecTraining",
    "DataConfig",
    "Distortion",
    "FinderTrainingConfig",
    "Hardware",
    "MuonAdam",
    "OnnxNetwork",
    "PatchConfig",
    "PatchStream",
    "SegmenterConfig",
    "StrictConfig",
    "TaskDistortion",
    "TrainingConfig",
    "coco_images",
    "configurations",
    "expand_path",
    "export_model",
    "load_checkpoint",
    "load_finder",
    "object_mse",
    "object_weights",
    "read_config",
    "read_fields",
    "read_onnx",
    "read_run",
    "read_yaml",
    "share_bits",
    "split_images",
    "train",
    "train_from_nothing",
]
