using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // Looking at what is registered. An object counts once; two objects of one tensor count twice.
        public partial class Module
        {
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
            {
                var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
                foreach (var (name, p) in _internal_params)
                    if (!p.IsInvalid && seen.Add(p)) yield return (name, p);
                if (!recurse) yield break;
                foreach (var (child, m) in _internal_submodules)
                    foreach (var (name, p) in m.named_parameters())
                        if (!p.IsInvalid && seen.Add(p)) yield return ($"{child}.{name}", p);
            }

            // Buffers that are not persistent are never listed, whatever include_nonpersistent says.
            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true)
            {
                var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
                foreach (var (name, (b, persistent)) in _internal_buffers)
                    if (persistent && !b.IsInvalid && seen.Add(b)) yield return (name, b);
                if (!recurse) yield break;
                foreach (var (child, m) in _internal_submodules)
                    foreach (var (name, b) in m.named_buffers(true, include_nonpersistent))
                        if (!b.IsInvalid && seen.Add(b)) yield return ($"{child}.{name}", b);
            }

            public virtual IEnumerable<(string name, Module module)> named_children() => _internal_submodules;

            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach (var child in _internal_submodules) yield return child;
                foreach (var (child, m) in _internal_submodules)
                    foreach (var (name, below) in m.named_modules())
                        yield return ($"{child}.{name}", below);
            }

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(p => p.parameter);
            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) => named_buffers(recurse, include_nonpersistent).Select(b => b.buffer);
            public virtual IEnumerable<Module> modules() => named_modules().Select(m => m.module);
            public virtual IEnumerable<Module> children() => named_children().Select(m => m.module);

            public virtual bool has_parameter(string target) => _internal_params.ContainsKey(target) || (Owner(target) is ({ } m, var rest) && m.has_parameter(rest));
            public virtual bool has_buffer(string target) => _internal_buffers.ContainsKey(target) || (Owner(target) is ({ } m, var rest) && m.has_buffer(rest));
            public virtual Parameter? get_parameter(string target) =>
                _internal_params.TryGetValue(target, out var p) ? p : Owner(target) is ({ } m, var rest) ? m.get_parameter(rest) : null;
            public virtual Tensor? get_buffer(string target) =>
                _internal_buffers.TryGetValue(target, out var b) ? b.Item1 : Owner(target) is ({ } m, var rest) ? m.get_buffer(rest) : null;

            /// <summary>The child that a dotted name begins with, and the rest of the name.</summary>
            private (Module?, string) Owner(string target)
            {
                var dot = target.IndexOf('.');
                if (dot < 0) return (null, target);
                var (first, rest) = (target[..dot], target[(dot + 1)..]);
                return (named_children().FirstOrDefault(c => c.name == first).module, rest);
            }
        }
    }
}
