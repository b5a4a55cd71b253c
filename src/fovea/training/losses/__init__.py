"""The losses: distortions of pixels, the task loss, and the losses that teach a network where the objects are.

``config.py`` has the distortions that a configuration may choose. ``distortions.py`` and ``task.py`` compute them, and
:mod:`fovea.training.codec_module` forms the total R + λ·D.
"""
