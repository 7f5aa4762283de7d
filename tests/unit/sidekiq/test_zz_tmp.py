import gc
import pytest
@pytest.mark.parametrize("n",[1,2])
def test_z(n): pass
async def test_a(): pass
def test_b(): pass
def test_c(): gc.collect()
