"""Output layouts: how the outputs of a network become boxes, masks or class maps.

A layout knows whether the shapes of a model's outputs are its own, and how to decode them. A new layout is a class in
a module here and a member of ``OutputLayout``; the models that have it are listed in ``families.yaml``.
"""

from typing import Annotated

from pydantic import Field

from fovea.recognition.output_layouts.boxes import Boxes
from fovea.recognition.output_layouts.centernet import CenterNet
from fovea.recognition.output_layouts.class_map import ClassMap
from fovea.recognition.output_layouts.layout import BoxLayout, Outputs, Shapes, Size
from fovea.recognition.output_layouts.yolo import YoloV5, YoloV8, Yolox

__all__ = ["BoxLayout", "ClassMap", "OutputLayout", "Outputs", "Shapes", "Size"]

OutputLayout = Annotated[Yolox | YoloV5 | YoloV8 | CenterNet | Boxes | ClassMap, Field(discriminator="format")]
"""Any layout; the key ``format`` in YAML names it."""
