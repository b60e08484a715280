"""One record per loss: what it is, what it eats, where else it exists, which chapter explains it.

The records drive the tests, the tables of the book and the checks of the coursework. A public loss
without a record fails the tests. Public functions that are not losses of a prediction, such as
metrics, are listed in `functions`.

>>> import lossfns
>>> lossfns.catalog["huber"].units
'squared units of the target'
"""

from collections.abc import Mapping
from types import MappingProxyType

from lossfns.records.calibration import CALIBRATION, CALIBRATION_FUNCTIONS
from lossfns.records.classification import CLASSIFICATION
from lossfns.records.debug import DEBUG_FUNCTIONS
from lossfns.records.detection import DETECTION
from lossfns.records.divergence import DIVERGENCE
from lossfns.records.generative import GENERATIVE, GENERATIVE_FUNCTIONS
from lossfns.records.imbalance import IMBALANCE, IMBALANCE_FUNCTIONS
from lossfns.records.metric import METRIC, METRIC_FUNCTIONS
from lossfns.records.multitask import MULTITASK, MULTITASK_FUNCTIONS
from lossfns.records.preference import PREFERENCE, PREFERENCE_FUNCTIONS
from lossfns.records.ranking import RANKING
from lossfns.records.record import Function, Hyper, Record
from lossfns.records.regression import REGRESSION
from lossfns.records.segmentation import SEGMENTATION
from lossfns.records.sequence import SEQUENCE
from lossfns.records.signal import SIGNAL, SIGNAL_FUNCTIONS
from lossfns.records.speech import SPEECH
from lossfns.records.structure import STRUCTURE

__all__ = ["Function", "Hyper", "Record", "catalog", "functions"]

_RECORDS = [
    *REGRESSION,
    *CLASSIFICATION,
    *DIVERGENCE,
    *IMBALANCE,
    *SEGMENTATION,
    *DETECTION,
    *METRIC,
    *RANKING,
    *PREFERENCE,
    *GENERATIVE,
    *MULTITASK,
    *CALIBRATION,
    *SEQUENCE,
    *STRUCTURE,
    *SPEECH,
    *SIGNAL,
]
_FUNCTIONS = [
    *IMBALANCE_FUNCTIONS,
    *METRIC_FUNCTIONS,
    *PREFERENCE_FUNCTIONS,
    *GENERATIVE_FUNCTIONS,
    *MULTITASK_FUNCTIONS,
    *CALIBRATION_FUNCTIONS,
    *SIGNAL_FUNCTIONS,
    *DEBUG_FUNCTIONS,
]

catalog: Mapping[str, Record] = MappingProxyType({record.name: record for record in _RECORDS})
functions: Mapping[str, Function] = MappingProxyType({f.name: f for f in _FUNCTIONS})
