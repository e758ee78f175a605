"""What the two Elastic targets share: Sigma's tests on typed Elastic fields, Lucene's patterns."""
