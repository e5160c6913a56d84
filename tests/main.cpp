#define BOOST_TEST_MODULE tapedeck
#include <boost/test/unit_test.hpp>
