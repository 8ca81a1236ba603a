package catalog

const AWSVersion = "7.11.1"
