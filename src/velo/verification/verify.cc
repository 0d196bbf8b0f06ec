#include "velo/verify.h"

#include <algorithm>
#include <future>
#include <utility>

#include "velo/base/catch_to_status.h"
#include "velo/verification/differences.h"

namespace velo {
namespace {

using verification::ColumnPair;
using verification::ComparedColumns;
using verification::Count;
using verification::Digest;
using verification::KeptRows;
using verification::Side;
using verification::Tally;
using Rows = verification::CanonicalRows;

// About the most rows of each side that are looked at again, one by one.
constexpr int64_t kMostRowsAgain = 100'000;

constexpr char kChanged[] =
    "what is there has changed while it was read: say nothing of it until nobody writes";
constexpr char kReadOnce[] =
    "which rows differ is not known: what comes through a pipe cannot be read again";

struct Sides {
  DataSource& source;
  DataSource& sink;

  DataSource& of(Side side) const { return side == Side::kSource ? source : sink; }
};

Status check_ends(const Sides& sides) {
  for (const Side side : {Side::kSource, Side::kSink}) {
    if (sides.of(side).supports_batch()) continue;
    return make_error(ErrorKind::kInvalidArgument, {},
                      side == Side::kSource ? "the source has no end, not even for now"
                                            : "the sink has no end, not even for now");
  }
  return Status::OK();
}

// Both at once, each on a thread of its own; the first failure ends the other.
template <typename Look>
Status look_at_both(const std::stop_token& stop, const Look& look) {
  std::stop_source halt;
  const std::stop_callback forward(stop, [&halt] { halt.request_stop(); });
  const auto look_at = [&](Side side) {
    const Status status = catch_to_status(
        "while comparing", [&]() -> Status { return look(side, halt.get_token()); });
    if (!status.ok()) halt.request_stop();
    return status;
  };
  auto at_sink = std::async(std::launch::async, look_at, Side::kSink);
  const Status source = look_at(Side::kSource);
  const Status sink = at_sink.get();
  const bool was_ended = !source.ok() && kind_of(source) == ErrorKind::kCancelled;
  if (!sink.ok() && (source.ok() || was_ended)) return sink;
  return source;
}

// Calls visit(rows, key, row) for each row, with the hashes of its key and of all of it.
template <typename Visit>
Status read_rows(DataSource& source, const ComparedColumns& columns, Side side,
                 const std::stop_token& stop, const Visit& visit) {
  ReadOptions read;
  read.once = true;
  read.columns.emplace();
  for (const ColumnPair& pair : columns.pairs) {
    read.columns->push_back(pair.of(side).name());
  }
  ARROW_ASSIGN_OR_RAISE(const auto reader, source.create_reader(read));
  Rows rows(columns, side);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader->read(stop));
    if (!batch) return Status::OK();
    ARROW_RETURN_NOT_OK(rows.bind(*batch->rows));
    for (int64_t row = 0; row < batch->rows->num_rows(); ++row) {
      rows.move_to(row);
      const Digest digest = rows.digest();
      visit(rows, columns.num_keys > 0 ? verification::digest_of(rows.key()) : digest,
            digest);
    }
  }
}

Status count_rows(DataSource& source, const ComparedColumns& columns, Side side,
                  const std::stop_token& stop, Tally& tally) {
  const bool has_key = columns.num_keys > 0;
  return read_rows(source, columns, side, stop,
                   [&](const Rows& rows, const Digest& key, const Digest& row) {
                     tally.all.add(row);
                     tally.parts[verification::part_of(key)].add(row);
                     if (has_key) tally.sample.add(rows);
                   });
}

// Parts that differ, as many as may be looked at again.
struct ChosenParts {
  std::vector<bool> is_chosen;
  bool are_all = true;
};

ChosenParts choose_parts(const Tally& source, const Tally& sink) {
  ChosenParts chosen{.is_chosen = std::vector<bool>(verification::kNumParts)};
  int64_t num_rows = 0;
  for (size_t part = 0; part < verification::kNumParts; ++part) {
    const Count& left = source.parts[part];
    const Count& right = sink.parts[part];
    if (left == right) continue;
    if (num_rows >= kMostRowsAgain) {
      chosen.are_all = false;
      break;
    }
    chosen.is_chosen[part] = true;
    num_rows += std::max(left.num_rows, right.num_rows);
  }
  return chosen;
}

// What the second look at one side finds.
struct SecondLook {
  Count all;
  std::vector<Count> ranges;
  KeptRows rows;
};

Status look_again(const Sides& sides, const ComparedColumns& columns,
                  const VerifyOptions& options, const std::stop_token& stop,
                  Tally& source, Tally& sink, Verification& found) {
  const ChosenParts chosen = choose_parts(source, sink);
  const auto bounds = verification::bounds_of(source.sample.take(), sink.sample.take());
  verification::KeyLimit limit;
  const auto nothing_yet = [&](Side side) {
    return SecondLook{.all = {},
                      .ranges = std::vector<Count>(bounds.size() + 1),
                      .rows = KeptRows(columns, side, limit)};
  };
  SecondLook at_source = nothing_yet(Side::kSource);
  SecondLook at_sink = nothing_yet(Side::kSink);
  ARROW_RETURN_NOT_OK(look_at_both(stop, [&](Side side, const std::stop_token& halt) {
    SecondLook& look = side == Side::kSource ? at_source : at_sink;
    return read_rows(sides.of(side), columns, side, halt,
                     [&](const Rows& rows, const Digest& key, const Digest& row) {
                       look.all.add(row);
                       look.ranges[verification::range_of(bounds, rows.first())].add(row);
                       if (chosen.is_chosen[verification::part_of(key)])
                         look.rows.add(rows, key, row);
                     });
  }));
  if (!(at_source.all == source.all && at_sink.all == sink.all)) {
    found.notice = kChanged;
  }
  if (columns.num_keys > 0) {
    found.ranges =
        verification::ranges_that_differ(bounds, at_source.ranges, at_sink.ranges);
  }
  verification::tell_rows(columns, at_source.rows.take(), at_sink.rows.take(),
                          options.num_examples, found);
  found.all_counted = chosen.are_all && limit.admits_all();
  return Status::OK();
}

}  // namespace

Result<Verification> verify(DataSource& source, DataSource& sink,
                            const VerifyOptions& options, std::stop_token stop) {
  const Sides sides{source, sink};
  ARROW_RETURN_NOT_OK(check_ends(sides));
  ARROW_ASSIGN_OR_RAISE(const auto source_schema, source.fetch_schema());
  ARROW_ASSIGN_OR_RAISE(const auto sink_schema, sink.fetch_schema());
  ARROW_ASSIGN_OR_RAISE(
      const ComparedColumns columns,
      verification::match_columns(*source_schema, *sink_schema, options));
  const bool can_reread = source.can_reread() && sink.can_reread();
  Tally at_source;
  Tally at_sink;
  ARROW_RETURN_NOT_OK(look_at_both(stop, [&](Side side, const std::stop_token& halt) {
    return count_rows(sides.of(side), columns, side, halt,
                      side == Side::kSource ? at_source : at_sink);
  }));
  Verification found{.equal = at_source.all == at_sink.all};
  found.columns = verification::describe(columns);
  found.not_compared = columns.not_compared;
  found.source = {at_source.all.num_rows, verification::to_string(at_source.all.digest)};
  found.sink = {at_sink.all.num_rows, verification::to_string(at_sink.all.digest)};
  if (found.equal) return found;
  if (!can_reread) {
    found.notice = kReadOnce;
    return found;
  }
  ARROW_RETURN_NOT_OK(
      look_again(sides, columns, options, stop, at_source, at_sink, found));
  return found;
}

}  // namespace velo
