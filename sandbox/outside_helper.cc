#include "sandbox/outside_helper.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/error.h"
#include "base/stream.h"
#include "sandbox/forked_child.h"

namespace ibuild::sandbox {

namespace {

constexpr std::string_view kDone = "done";

}  // namespace

OutsideHelper::OutsideHelper(const std::function<void(pid_t)>& work)
    : order_(base::Pipe::open()), answer_(base::Pipe::open()) {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw base::SystemError("fork", "");
  if (pid_ == 0) serve(parent, work);
  order_.read_end.reset();
  answer_.write_end.reset();
}

OutsideHelper::~OutsideHelper() {
  order_.write_end.reset();
  exit_code_of(pid_);
}

std::string OutsideHelper::ask() {
  base::FdSink(order_.write_end.get()).write(base::as_bytes("m"));
  base::FdSource answer(answer_.read_end.get());
  const std::string text = base::read_all(answer, 1 << 20, "answer of the mapping process");
  if (text.empty()) return "the mapping process died";
  return text == kDone ? "" : text;
}

void OutsideHelper::serve(pid_t parent, const std::function<void(pid_t)>& work) noexcept {
  order_.write_end.reset();
  std::string answer(kDone);
  try {
    char byte = 0;
    if (::read(order_.read_end.get(), &byte, 1) != 1) ::_exit(0);  // not wanted
    work(parent);
  } catch (const std::exception& error) {
    answer = error.what();
  }
  const auto written = ::write(answer_.write_end.get(), answer.data(), answer.size());
  ::_exit(written < 0 ? 1 : 0);
}

}  // namespace ibuild::sandbox
