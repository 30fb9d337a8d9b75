"""A draft that proposes nonsense: a GGUF model with the rows of its blocks' weights moved. Usage: nonsense_draft.py SOURCE TARGET"""
import shutil
import sys

import gguf
import numpy

source, target = sys.argv[1:]
shutil.copyfile(source, target)
for tensor in gguf.GGUFReader(target, "r+").tensors:
    if tensor.name.startswith("blk.") and len(tensor.shape) > 1:
        tensor.data[:] = numpy.roll(tensor.data, 7, axis=0)
