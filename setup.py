"""What pyproject.toml cannot say in a stable way: the optional C code, and the tag of a wheel with and without it."""

import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

# One wheel serves all Pythons from 3.11 on, but for free-threaded ones, which have no limited API.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")


class TaggedAsBuilt(bdist_wheel):
    """Tags a wheel as one for every machine where there was no compiler, and Python takes over."""

    def run(self) -> None:
        """Build the modules first, to see whether they are there."""
        self.run_command("build_ext")
        build = self.get_finalized_command("build_ext")
        if not all(Path(file).is_file() for file in build.get_outputs()):
            self.distribution.ext_modules = []
            self.root_is_pure, self.py_limited_api = True, ""
        super().run()


setup(
    ext_modules=[
        Extension(
            f"fovea.{room}.{name}",
            sources=[f"src/fovea/{room}/{name}.c"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")] if LIMITED else [],
            py_limited_api=LIMITED,
            optional=True,
        )
        for room, name in (("entropy", "_rans"), ("picture", "_resize"))
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED else {},
    cmdclass={"bdist_wheel": TaggedAsBuilt},
)
