#pragma once

// The heavy headers that nearly every file needs.

#include <arrow/api.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>
