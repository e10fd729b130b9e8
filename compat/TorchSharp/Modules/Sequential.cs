using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Modules one after the other; what passes between them is disposed.</summary>
    public class Sequential : nn.Module<Tensor, Tensor>
    {
        private readonly List<(string name, nn.IModule<Tensor, Tensor> module)> _items = [];

        internal Sequential(IEnumerable<(string name, nn.Module<Tensor, Tensor> module)> modules) : base("torch::nn::SequentialImpl")
        {
            foreach (var (name, module) in modules) append(name, module);
        }

        public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
        {
            _items.Add((name, module));
            return this;
        }
        public Sequential append(nn.IModule<Tensor, Tensor> module) => append(Count.ToString(System.Globalization.CultureInfo.InvariantCulture), module);

        public int Count => _items.Count;
        [IndexerName("SequentialItems")]
        public nn.IModule<Tensor, Tensor> this[int index] => _items[index].module;

        private IEnumerable<(string name, nn.Module module)> Items => _items.Select(i => (i.name, (nn.Module)i.module));

        public override Tensor forward(Tensor tensor)
        {
            if (Count == 0) return tensor.alias();
            var x = this[0].call(tensor);
            for (var i = 1; i < Count; i++)
            {
                var y = this[i].call(x);
                x.Dispose();
                x = y;
            }
            return x;
        }

        public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
        {
            var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
            return recurse ? Items.SelectMany(i => i.module.named_parameters().Where(p => seen.Add(p.parameter)).Select(p => ($"{i.name}.{p.name}", p.parameter))) : [];
        }

        public override IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_persistent = true)
        {
            var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
            return recurse ? Items.SelectMany(i => i.module.named_buffers(true, include_persistent).Where(b => seen.Add(b.buffer)).Select(b => ($"{i.name}.{b.name}", b.buffer))) : [];
        }

        public override IEnumerable<(string name, nn.Module module)> named_children() => Items;
        public override IEnumerable<(string name, nn.Module module)> named_modules() =>
            Items.Concat(Items.SelectMany(i => i.module.named_modules().Select(m => ($"{i.name}.{m.name}", m.module))));

        public override nn.Module apply(Action<nn.Module> fn)
        {
            foreach (var (_, m) in Items) m.apply(fn);
            fn(this);
            return this;
        }

        // Reaches the children twice, as the original does: once as named_children.
        public override void train(bool on = true)
        {
            base.train(on);
            foreach (var (_, m) in Items) m.train(on);
        }
        public override void eval()
        {
            base.eval();
            foreach (var (_, m) in Items) m.eval();
        }

        protected internal override nn.Module _to(ScalarType dtype, bool non_blocking) => OnItems(m => m._to(dtype, non_blocking));
        protected internal override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => OnItems(m => m._to(device, dtype, non_blocking));
        protected internal override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => OnItems(m => m._to(deviceType, deviceIndex, non_blocking));
        private Sequential OnItems(Action<nn.Module> action)
        {
            foreach (var (_, m) in Items) action(m);
            return this;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) OnItems(m => m.Dispose());
            base.Dispose(disposing);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Sequential Sequential() => new([]);
            public static Modules.Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => new(modules);
            public static Modules.Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules) => new(modules);
            public static Modules.Sequential Sequential(params Module<Tensor, Tensor>[] modules) => new(Numbered(modules));
            public static Modules.Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules) => new(Numbered(modules));

            private static IEnumerable<(string, Module<Tensor, Tensor>)> Numbered(IEnumerable<Module<Tensor, Tensor>> modules)
            {
                var i = 0;
                foreach (var m in modules) yield return ($"{i++}", m);
            }
        }
    }
}
