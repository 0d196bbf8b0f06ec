#pragma once

/// Everything of libvelo's C++ interface.

#include "velo/check.h"              // IWYU pragma: export
#include "velo/connections.h"        // IWYU pragma: export
#include "velo/connector.h"          // IWYU pragma: export
#include "velo/error.h"              // IWYU pragma: export
#include "velo/letters.h"            // IWYU pragma: export
#include "velo/options.h"            // IWYU pragma: export
#include "velo/pipeline.h"           // IWYU pragma: export
#include "velo/plan.h"               // IWYU pragma: export
#include "velo/replay.h"             // IWYU pragma: export
#include "velo/run_group.h"          // IWYU pragma: export
#include "velo/running_pipelines.h"  // IWYU pragma: export
#include "velo/sink.h"               // IWYU pragma: export
#include "velo/source.h"             // IWYU pragma: export
#include "velo/sql.h"                // IWYU pragma: export
#include "velo/state.h"              // IWYU pragma: export
#include "velo/stream.h"             // IWYU pragma: export
#include "velo/streams.h"            // IWYU pragma: export
#include "velo/uri.h"                // IWYU pragma: export
#include "velo/verify.h"             // IWYU pragma: export
#include "velo/version.h"            // IWYU pragma: export
