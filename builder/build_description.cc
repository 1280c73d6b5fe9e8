#include "builder/build_description.h"

#include <utility>

#include "builder/plan/read_stages.h"
#include "builder/vertex_numbers.h"

namespace ibuild::builder {
namespace {

parser::StageList stages_of(const parser::Dockerfile& dockerfile, const BuildRequest& request) {
  parser::Diagnostics unused;
  return read_stages(dockerfile, request, unused);
}

}  // namespace

BuildDescription::BuildDescription(const BuildRequest& request,
                                   const parser::Dockerfile& dockerfile, const Services& services,
                                   Scope scope, std::stop_token stop)
    : stages_(stages_of(dockerfile, request)),
      targets_(make_targets(stages_, request, request.build_args)) {
  if (scope == Scope::all_stages) {
    for (auto& target : targets_) target.graph.need_all_stages();
  }
  VertexNumbers vertices;
  resolve_all_bases(targets_, request, services, vertices, std::move(stop), bases_);
}

}  // namespace ibuild::builder
