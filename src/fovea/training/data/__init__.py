"""Images, annotations, crops and patches to train on."""
