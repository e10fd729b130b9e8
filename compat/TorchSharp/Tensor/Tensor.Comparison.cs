using TorchSharp.Native;

namespace TorchSharp;

// Comparisons.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor eq(Scalar target) => Ops.EqScalar.Call(this, target);
        public Tensor eq(Tensor target) => Ops.EqTensor.Call(this, target);
        public Tensor ne(Scalar target) => Ops.NeScalar.Call(this, target);
        public Tensor ne(Tensor target) => Ops.NeTensor.Call(this, target);
        public Tensor lt(Scalar target) => Ops.LtScalar.Call(this, target);
        public Tensor lt(Tensor target) => Ops.LtTensor.Call(this, target);
        public Tensor le(Scalar target) => Ops.LeScalar.Call(this, target);
        public Tensor le(Tensor target) => Ops.LeTensor.Call(this, target);
        public Tensor gt(Scalar target) => Ops.GtScalar.Call(this, target);
        public Tensor gt(Tensor target) => Ops.GtTensor.Call(this, target);
        public Tensor ge(Scalar target) => Ops.GeScalar.Call(this, target);
        public Tensor ge(Tensor target) => Ops.GeTensor.Call(this, target);
        public Tensor equal(Tensor target) => eq(target);
        public Tensor isclose(Tensor other, double rtol = 1e-5, double atol = 1e-8, bool nanEqual = false) => Ops.Isclose.Call(this, other, rtol, atol, nanEqual);
        public bool allclose(Tensor target, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) => Ops.Allclose.CallBool(this, target, rtol, atol, equal_nan);
        public Tensor not_equal(Tensor target) => ne(target);
        public Tensor less(Tensor target) => lt(target);
        public Tensor less_equal(Tensor target) => le(target);
        public Tensor greater(Tensor target) => gt(target);
        public Tensor greater_equal(Tensor target) => ge(target);
        public Tensor isin(Tensor test_elements, bool assumeUnique = false, bool invert = false) => Ops.IsinTensorTensor.Call(this, test_elements, assumeUnique, invert);
    }

    public static Tensor eq(Tensor left, Tensor right) => left.eq(right);
    public static Tensor ne(Tensor left, Tensor right) => left.ne(right);
    public static Tensor lt(Tensor left, Tensor right) => left.lt(right);
    public static Tensor le(Tensor left, Tensor right) => left.le(right);
    public static Tensor gt(Tensor left, Tensor right) => left.gt(right);
    public static Tensor ge(Tensor left, Tensor right) => left.ge(right);
    public static Tensor equal(Tensor tensor, Tensor target) => tensor.equal(target);
    public static Tensor isclose(Tensor tensor, Tensor other, double rtol = 1e-5, double atol = 1e-8, bool nanEqual = false) => tensor.isclose(other, rtol, atol, nanEqual);
    public static bool allclose(Tensor tensor, Tensor target, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) => tensor.allclose(target, rtol, atol, equal_nan);
    public static Tensor not_equal(Tensor tensor, Tensor target) => tensor.not_equal(target);
    public static Tensor less(Tensor tensor, Tensor target) => tensor.less(target);
    public static Tensor less_equal(Tensor tensor, Tensor target) => tensor.less_equal(target);
    public static Tensor greater(Tensor tensor, Tensor target) => tensor.greater(target);
    public static Tensor greater_equal(Tensor tensor, Tensor target) => tensor.greater_equal(target);
    public static Tensor isin(Tensor tensor, Tensor test_elements, bool assumeUnique = false, bool invert = false) => tensor.isin(test_elements, assumeUnique, invert);
}
