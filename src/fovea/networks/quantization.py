"""From the quality to the quantization step of each channel of the latent.

The latent is rounded to integers. Before that, the encoder multiplies each channel by a learned gain that grows with
the quality, and the decoder multiplies it by a learned gain that falls: a gain g is a quantization step of 1/g. These
are the gain units of Cui et al., "Asymmetric Gained Deep Image Compression With Continuous Rate Adaptation" (CVPR
2021). Outside the region of interest the steps are larger, see :meth:`fovea.networks.means.Means.steps`.
"""

import math

from fovea.networks.config import NetworkConfig
from fovea.networks.controls import LAMBDA_MAX, LAMBDA_MIN, ControlTable

# Log gain at quality 50 over an orthonormal transform of pixels within ±1: steps of about 70 8-bit levels.
_LOG_GAIN = 0.6
# Change of the log gain over all qualities if λ ∝ step⁻², as high-rate theory says.
_RISE = 0.5 * math.log(LAMBDA_MAX / LAMBDA_MIN)
_LOWEST, _HIGHEST = _LOG_GAIN - _RISE / 2, _LOG_GAIN + _RISE / 2


def analysis_log_gain(config: NetworkConfig) -> ControlTable:
    """Return the initial log gains of the encoder by quality, the same for all channels of the latent."""
    return ControlTable(config.latent, _LOWEST, _HIGHEST, config.background)


def synthesis_log_gain(config: NetworkConfig) -> ControlTable:
    """Return the initial log gains of the decoder by quality, which undo those of the encoder."""
    return ControlTable(config.latent, -_LOWEST, -_HIGHEST, config.background)
