// Move what a SELECT yields into a sink, until done or Ctrl-C: run_pipeline SELECT SINK
#include <velo/api.h>

#include <csignal>
#include <iostream>
#include <string_view>
#include <thread>

arrow::Status move_rows(std::string_view select, std::string_view to,
                        std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(auto pipeline, velo::Pipeline::make("run_pipeline", select, to));
  ARROW_RETURN_NOT_OK(pipeline.run(stop));
  std::cout << pipeline.progress().num_rows << " rows\n";
  return arrow::Status::OK();
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: run_pipeline SELECT SINK\n";
    return 2;
  }
  // Ctrl-C is waited for by a thread, which may do what a signal handler may not.
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
  std::stop_source stop;
  std::thread([interrupt, stop]() mutable {
    int signal = 0;
    if (sigwait(&interrupt, &signal) == 0) stop.request_stop();
  }).detach();

  const arrow::Status status = move_rows(argv[1], argv[2], stop.get_token());
  if (!status.ok()) std::cerr << "run_pipeline: " << status.message() << '\n';
  return status.ok() ? 0 : 1;
}
