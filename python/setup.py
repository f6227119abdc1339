"""Builds the wheel: the package and a library of its own, made through Meson, into which libyaml is linked.

The tag is that of this system, linux_x86_64: the library runs where glibc is not older. auditwheel can make a manylinux tag of it.
"""
import atexit
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # before setuptools 70.1
    from wheel.bdist_wheel import bdist_wheel

TREE = Path(__file__).resolve().parents[1]
WORK = tempfile.mkdtemp()  # nothing is left in the tree
atexit.register(shutil.rmtree, WORK, ignore_errors=True)
OPTIONS = ["--buildtype=release", "--prefer-static", "--prefix=/usr", "--libdir=lib", "-Ddefault_library=shared", "-Dtools=false",
           "-Dtests=false", "-Dexamples=false", "-Ddoc=disabled"]


class with_library(build_py):
    def run(self):
        super().run()
        if getattr(self, "editable_mode", False):
            return  # the package in the tree finds the library of the tree
        if not (TREE / "meson.build").is_file():
            raise SystemExit("the library is built from the whole tree of libspeedup, of which this folder is a part")
        build, root = os.path.join(WORK, "meson"), os.path.join(WORK, "root")
        subprocess.run(["meson", "setup", build, str(TREE), *OPTIONS], check=True)
        subprocess.run(["meson", "install", "-C", build, "--tags", "runtime", "--strip", "--destdir", root], check=True)
        shutil.copy(os.path.join(root, "usr", "lib", "libspeedup.so.0"), os.path.join(self.build_lib, "speedup"))


class of_this_system(bdist_wheel):
    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]  # any Python: the library is loaded, not linked


setup(cmdclass={"build_py": with_library, "bdist_wheel": of_this_system},
      options={"build": {"build_base": WORK}, "egg_info": {"egg_base": WORK}})
