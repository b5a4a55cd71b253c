"""The one thing that pyproject.toml cannot say in a stable way: the optional C coder, one wheel for all Pythons."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "fovea.entropy._rans",
            sources=["src/fovea/entropy/_rans.c"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            optional=True,  # without a compiler the Python coder takes over
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
