#include "builder/build_description.h"

#include <utility>

#include "builder/vertex_numbers.h"

namespace ibuild::builder {
namespace {

parser::StageList read_stages(const parser::Dockerfile& dockerfile) {
  parser::Diagnostics unused;
  return parser::build_stages(dockerfile, unused);
}

}  // namespace

BuildDescription::BuildDescription(const BuildRequest& request,
                                   const parser::Dockerfile& dockerfile, const Services& services,
                                   Scope scope, std::stop_token stop)
    : stages_(read_stages(dockerfile)),
      targets_(make_targets(stages_, request, request.build_args)) {
  if (scope == Scope::all_stages) {
    for (auto& target : targets_) target.graph.need_all_stages();
  }
  VertexNumbers vertices;
  resolve_all_bases(targets_, request, services, vertices, std::move(stop), bases_);
}

}  // namespace ibuild::builder
