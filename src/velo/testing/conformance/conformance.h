#pragma once

#include "velo/testing/conformance/traits.h"

namespace velo::testing {

/// The main() of a connector's conformance test: makes a test of each behaviour of each
/// kind of source and sink, and one more that compares the connector's README with what
/// its kinds lack. `--update-readme` writes that part of it instead. Returns the exit
/// status.
int run_conformance(int argc, char** argv, const Conformance& of);

}  // namespace velo::testing
